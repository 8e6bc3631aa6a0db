"""What the projects of `jira.yml` have in common stands there once; a fault in it is said once, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loader import check, load


def change(folder: Path, before: str, after: str) -> None:
    """Write something else into `jira.yml`, at the first place."""
    path = folder / "jira.yml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_project_says_only_in_what_it_differs(folder: Path, env: dict[str, str]) -> None:
    own = "  ADS:\n    statuses: {queue: Новые}\n    fields: {warehouse: null}\n    issue_type: {escalation: Задача}\n"
    change(folder, "  ADS:\n", own)
    projects = load(folder, env).jira.projects
    ads, other = projects["ADS"], projects["QC"]
    assert (ads.statuses.queue, ads.statuses.in_work) == ("Новые", "В работе")
    assert (ads.fields.warehouse, ads.fields.ticket) == (None, "customfield_10050")
    assert (ads.issue_type["escalation"], ads.issue_type["hold_ozon"]) == ("Задача", "Обращение партнёра")
    assert (other.statuses.queue, other.fields.warehouse) == ("Ожидает обработки", "customfield_10053")


def test_a_project_may_stand_there_with_nothing_of_its_own(folder: Path, env: dict[str, str]) -> None:
    change(folder, '  DESK:\n    request_type: "107"\n', "  DESK:\n")
    assert load(folder, env).jira.projects["DESK"].request_type is None


@pytest.mark.parametrize(
    ("change_of", "key", "said"),
    [
        (("  create_components: false", "  create_component: false"), "defaults.create_component", "create_components"),
        (("  site: main\n", "  site: nowhere\n"), "defaults.site", "nowhere"),
        (("    in_work: В работе\n", "    in_work:\n"), "defaults.statuses.in_work", ""),
        (("    done: [Готово]\n", "    done: []\n"), "defaults.statuses.done", ""),
        (("    queue: Ожидает обработки\n", "    queue: В работе\n"), "defaults.statuses", "В работе"),
    ],
)
def test_a_fault_of_the_defaults_is_said_once(
    folder: Path, env: dict[str, str], change_of: tuple[str, str], key: str, said: str
) -> None:
    change(folder, *change_of)
    faults = check(folder, env)
    assert {fault.key for fault in faults} == {key}
    (fault,) = faults
    text = (folder / "jira.yml").read_text(encoding="utf-8").splitlines()[(fault.line or 0) - 1]
    assert key.rpartition(".")[2] in text
    assert said in fault.text


def test_defaults_that_are_no_table(folder: Path, env: dict[str, str]) -> None:
    text = (folder / "jira.yml").read_text(encoding="utf-8")
    head, _, rest = text.partition("defaults:\n")
    tail = rest[rest.index("projects:\n") :]
    (folder / "jira.yml").write_text(f"{head}defaults: main\n\n{tail}", encoding="utf-8")
    assert [fault.key for fault in check(folder, env)] == ["defaults"]
