"""`flask doctor`: each thing that can be wrong is found, named, and comes with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from config.settings import Settings
from desk.clock import machine_now
from sandbox import jira_projects
from sandbox.clock import jira_stamp
from sandbox.jira_fields import writable
from sandbox.live import LiveSandbox
from store import switches, systems
from store.tables import deliveries
from tests.doctor.asked import ROOT, SOURCES, doctor, found, hook, rows
from tests.web.site import NOWHERE


@pytest.mark.usefixtures("env")
def test_all_is_well_beside_the_sandbox_and_nothing_was_changed(sandbox: LiveSandbox) -> None:
    result = doctor()
    assert result.exit_code == 0, result.output
    # the sandbox begins with some of the groups' components, and the bot may make the others
    assert result.output.count("✓ проект ") == 7
    assert re.findall(r"^[!✗].*", result.output, re.MULTILINE) == [
        "! проект FBO: нет компонентов FF:Санкт-Петербург, FF:Новосибирск, FF:Ростов-на-Дону, FF:Краснодар, FF:Тверь, "
        "бот создаст их, когда понадобятся"
    ]
    assert {call["method"] for call in sandbox.calls("jira")} == {"GET"}
    assert not sandbox.issues()


def test_an_installation_where_nobody_works_is_seen(env: sa.Engine) -> None:
    with env.begin() as connection:
        for table in ("workers", "clocks", "deliveries"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 # our own names
        row = {"source": "bot", "delivery_id": "1", "case_id": "1", "type": "x", "state": "dead", "body": "{}"}
        connection.execute(sa.insert(deliveries).values(row | {"received_at": machine_now()}))
        switches.pause(connection, "admin@example.test: проверка", machine_now())
        systems.trip_breaker(connection, "jira:main", reason="503", now=machine_now(), probe_at=None)
        systems.set_rate_limit(connection, "jira:main POST /issue", machine_now() + timedelta(hours=5), None)
        systems.set_rate_limit(connection, "jira:main PUT /issue", machine_now() + timedelta(minutes=5), None)
    result = doctor()
    assert result.exit_code == 1
    assert "✗ рабочих процессов нет" in result.output
    assert "    запустите flask --app app clock" in result.output
    assert result.output.endswith("Ошибок: 2, замечаний: 8.\n")
    assert set(found("warning")) == {
        *("dead_letters", "paused", "breaker_tripped", "long_rate_limit", "never_heard", "components_later")
    }
    assert [row["said"].split(":")[1] for row in found("warning")["long_rate_limit"]] == ["main POST /issue"]
    assert set(found("good")) >= {"jira_answers", "project_right"}  # asked in spite of the tripped breaker


@pytest.mark.parametrize(
    ("before", "after", "code", "said"),
    [
        (
            "in_work: В работе",
            "in_work: В деле",
            "status_missing",
            "statuses.in_work: нет статусов В деле, есть: Открыт",
        ),
        ("done: [Готово]", "done: [Готово, Отменено]", "status_missing", "statuses.done: нет статусов Отменено"),
        ("escalation: Обращение партнёра", "escalation: Жалоба", "type_missing", "нет типа задачи «Жалоба», есть: "),
        ("customfield_10053", "customfield_19999", "field_not_on_screen", "поля warehouse (customfield_19999) нет"),
    ],
)
def test_what_jira_does_not_have_is_named(
    tables: Callable[[str, str], None], before: str, after: str, code: str, said: str
) -> None:
    tables(before, after)
    faults = found("fault")
    assert set(faults) == {code}
    assert all(said in row["said"] and row["mend"] for row in faults[code])
    assert [row["said"].split(":")[0] for row in faults[code]][:2] == ["проект INVEST", "проект FBO"]


@pytest.mark.usefixtures("tables", "sandbox")
@pytest.mark.parametrize(
    ("create", "may", "level", "code"),
    [
        ("true", True, "warning", "components_later"),
        ("true", False, "fault", "components_not_allowed"),
        ("false", True, "fault", "components_missing"),
    ],
)
def test_a_component_that_is_not_there(
    request: pytest.FixtureRequest, create: str, *, may: bool, level: str, code: str
) -> None:
    change, sandbox = request.getfixturevalue("tables"), request.getfixturevalue("sandbox")
    change("FF:Казань", "FF:Нигде")
    change("create_components: true", f"create_components: {create}")
    sandbox.permissions(ADMINISTER_PROJECTS=may)
    assert [row["said"] for row in found(level)[code] if "FBO" in row["said"] and "FF:Нигде" in row["said"]]


@pytest.mark.usefixtures("env")
def test_missing_rights_are_named(sandbox: LiveSandbox) -> None:
    sandbox.permissions(LINK_ISSUES=False, MODIFY_REPORTER=False)
    faults = found("fault")
    assert set(faults) == {"rights_missing"}
    assert "LINK_ISSUES, MODIFY_REPORTER" in faults["rights_missing"][0]["said"]


@pytest.mark.usefixtures("env")
def test_where_nothing_may_be_created_no_screen_is_blamed(sandbox: LiveSandbox) -> None:
    sandbox.permissions(CREATE_ISSUES=False)
    assert set(found("fault")) == {"rights_missing"}


@pytest.mark.usefixtures("env")
def test_what_a_hold_is_created_with_must_be_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"assignee", "reporter"}
    monkeypatch.setattr(jira_projects, "writable", lambda *given: [one for one in writable(*given) if one not in gone])
    faults = found("fault")
    assert set(faults) == {"field_not_on_screen"}
    named = {name for row in faults["field_not_on_screen"] for name in re.findall(r"поля (\w+)", row["said"])}
    assert named == gone


@pytest.mark.usefixtures("env")
def test_an_answer_that_is_no_jiras_is_no_traceback(sandbox: LiveSandbox) -> None:
    sandbox.fault(system="jira", match="GET /rest/api/3/project/FBO/statuses", status=403)
    assert "проверен не до конца" in found("warning")["not_examined"][0]["said"]


@pytest.mark.usefixtures("env")
def test_a_project_that_the_bot_may_not_see(sandbox: LiveSandbox) -> None:
    sandbox.permissions(BROWSE_PROJECTS=False)
    assert "Jira main его не показывает (404: No project" in found("fault")["project_unseen"][0]["said"]


@pytest.mark.usefixtures("env")
def test_a_field_that_jira_wants_and_the_bot_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    meta = jira_projects.field_meta

    def demanding(project: Any, name: str) -> dict[str, Any]:
        return meta(project, name) | ({"required": True, "hasDefaultValue": False} if name == "priority" else {})

    monkeypatch.setattr(jira_projects, "field_meta", demanding)
    faults = found("fault")
    assert set(faults) == {"field_required"}
    assert "требует поле «Priority» (priority)" in faults["field_required"][0]["said"]


def test_systems_that_refuse_the_token_or_are_not_there(env: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "revoked")
    monkeypatch.setenv("WEBCRM_URL", f"{NOWHERE}/webcrm")
    monkeypatch.setenv("USEDESK_TOKEN", "revoked")
    faults = found("fault")
    assert {code: rows[0]["said"].split(":")[1].strip() for code, rows in faults.items()} == {
        "jira_silent": "401",
        "webcrm_silent": "connection refused",
        "usedesk_silent": "401",
    }
    with env.connect() as connection:  # the bot at work has another token, and its breakers stay reset
        assert [breaker.name for breaker in systems.breakers(connection) if breaker.closed_at or breaker.failures] == []


@pytest.mark.usefixtures("env")
def test_systems_that_redirect_are_named_with_where_they_lead(sandbox: LiveSandbox) -> None:
    probes = {"jira": "GET /rest/api/3/myself", "webcrm": "GET /webcrm/tickets/0", "usedesk": "POST /usedesk/groups"}
    for system, match in probes.items():
        sandbox.fault(system=system, match=match, status=302, location="https://sso.example.test/?token=a-secret")
    faults = found("fault")
    assert set(faults) == {"moved"}
    assert [row["said"].split(": ")[0] for row in faults["moved"]] == ["jira:main", "webcrm", "usedesk"]
    assert all("302, перенаправление на sso.example.test" in row["said"] for row in faults["moved"])
    assert all("JIRA_URL" in row["mend"] and "sso.example.test" in row["mend"] for row in faults["moved"])
    assert "a-secret" not in str(faults)


@pytest.mark.usefixtures("env")
@pytest.mark.parametrize(
    "path",
    ["myself", "project/FBO", "mypermissions", "issue/createmeta/FBO/issuetypes/*", "project/FBO/statuses"],
)
@pytest.mark.parametrize("body", ["<html>log in", "{}", '{"permissions": {"CREATE_ISSUES": 1}, "fields": [{}]}'])
def test_a_page_that_is_no_answer_is_no_traceback(sandbox: LiveSandbox, path: str, body: str) -> None:
    sandbox.fault(system="jira", match=f"GET /rest/api/3/{path}", status=200, body=body)
    (silent,) = found("fault")["jira_silent"]
    assert "answered 200" in silent["said"]


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    ("hooks", "level", "code", "said"),
    [
        ([], "fault", "hook_absent", "вебхука «Смежник» нет"),
        ([{}], "good", "hook_right", "вебхук на месте"),
        ([{}, {}], "warning", "hooks_several", "вебхуков бота 2"),
        ([{"url": "https://old.example.test/webhooks/jira"}], "fault", "hook_drifted", "(url)"),
        ([{"events": ["comment_created"]}], "fault", "hook_drifted", "(events)"),
        ([{"filters": {}}], "fault", "hook_drifted", "(jql)"),
        ([{"enabled": False}], "fault", "hook_drifted", "(disabled)"),
        ([{"secret": None}], "fault", "hook_drifted", "(unsigned)"),
    ],
)
def test_the_webhook_is_looked_at(
    request: pytest.FixtureRequest, hooks: list[dict[str, Any]], level: str, code: str, said: str
) -> None:
    for changes in hooks:
        hook(request.getfixturevalue("sandbox"), request.getfixturevalue("public"), **changes)
    told = [row for row in rows() if row["code"].startswith("hook")]
    assert [(row["level"], row["code"], said in row["said"]) for row in told] == [(level, code, True)]


@pytest.mark.usefixtures("public")
def test_who_is_no_admin_of_jira_cannot_see_the_webhook(sandbox: LiveSandbox) -> None:
    sandbox.permissions(ADMINISTER=False)
    assert "hook_unseen" in found("good")


@pytest.mark.usefixtures("env")
def test_clocks_that_differ_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.jira_site.jira_stamp", lambda at: jira_stamp(at + timedelta(minutes=9)))
    assert "на 9 мин" in found("warning")["clock_skewed"][0]["said"]


@pytest.mark.usefixtures("public")
def test_what_can_be_mended_is_shown_and_mended(sandbox: LiveSandbox) -> None:
    before = len(sandbox.calls("jira"))
    assert "Сделать это в Jira?" in doctor("--fix").output  # nobody answers
    assert {call["method"] for call in sandbox.calls("jira")[before:]} == {"GET"}
    done = doctor("--fix", "--yes")
    assert "создать в проекте FBO компонент «FF:Тверь»" in done.output
    assert (done.exit_code, "✓ Jira main: вебхук на месте" in done.output) == (0, True)
    assert "components_later" not in found("warning")
    assert "Исправить автоматически здесь нечего" in doctor("--fix", "--yes").output


@pytest.mark.usefixtures("env")
def test_no_secret_is_printed(sandbox: LiveSandbox) -> None:
    printed = doctor().output + doctor("--json").output
    for secret in ("sandbox-webcrm-token", "sandbox-jira-secret", "sandbox-usedesk-token", "whsec_"):
        assert secret not in printed


CHECKUPS = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "runtime").glob("checkup*.py"))


def test_every_symptom_has_words_and_what_is_not_well_a_remedy() -> None:
    words = yaml.safe_load((ROOT / "web/doctor.yml").read_text(encoding="utf-8"))
    code = "".join(
        (ROOT / name).read_text()
        for name in ("desk/jira/examination.py", "desk/jira/portals.py", "desk/symptoms.py", *CHECKUPS)
    )
    raised = set(re.findall(r'(good|warning|fault)\("(\w+)"', code)) | {
        ("fault", f"{crm}_silent") for crm in SOURCES[1:]
    }
    assert {name for _, name in raised} == set(words) - {"well", "unwell"}
    assert all("mend" in words[name] for level, name in raised if level != "good")


@pytest.mark.parametrize(
    ("given", "frames", "linked"),
    [
        ({"OIDC_ISSUER": "https://sso.example"}, (), ["OIDC_ISSUER"]),
        (
            {"USEDESK_BLOCK_SECRET": "a-block-secret"},
            ("https://crm.example",),
            ["USEDESK_BLOCK_SECRET", "card.ancestors"],
        ),
        ({"OIDC_ISSUER": "https://sso.example", "PUBLIC_URL": "https://bot.example"}, (), []),
        ({"SMEZHNIK_SANDBOX": "1", "USEDESK_BLOCK_SECRET": "a-block-secret"}, (), []),
        ({}, (), []),
    ],
)
def test_an_address_is_missed_where_links_are_made(
    given: dict[str, str], frames: tuple[str, ...], linked: list[str]
) -> None:
    assert Settings.read(given).guesses_its_address(frames) == linked
