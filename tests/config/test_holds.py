"""What a hold is told by its table, and what is no answer (C-12), as shipped."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from config import Config, load
from config.holds import Due, Holds, HoldTransitions

ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "invented"}
DAY = timedelta(hours=24)
SIGNS = st.sampled_from(
    ["", " ", "!", "!!!", ".", ",", " — ", "…", ")))", "🙏", " 👍🏽 ", "❤️", "\n", "\u200b", "«", "»"]
)


@cache
def holds() -> Holds:
    """The shipped table, loaded once for all examples."""
    return load(Path(__file__).resolve().parents[2] / "config", ENV).holds


def test_what_the_shipped_table_says() -> None:
    table = holds()
    assert table.project == "DESK"
    assert table.due == Due(ozon=DAY, seller=DAY, client=DAY)
    assert table.clock_tolerance == timedelta(minutes=2)
    assert table.agents == {}
    assert not table.unassign_in_queue
    assert table.transitions == HoldTransitions(ozon=None, seller=None)


def test_what_an_admin_may_say(folder: Path, env: dict[str, str]) -> None:
    path = folder / "holds.yml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("agents: {}", 'agents: {a17: "712020:invented-1", "18": 5b10ac8d82e05b22cc7d4ef5}'),
        ("ozon: null", "ozon: Удержание Ozon"),
        ("seller: null", "seller: Ожидает ответа продавца"),
        ("unassign_in_queue: false", "unassign_in_queue: yes"),
        ("project: DESK", "project: QC"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    table = load(folder, env).holds
    assert table.agents == {"a17": "712020:invented-1", "18": "5b10ac8d82e05b22cc7d4ef5"}
    assert table.transitions == HoldTransitions(ozon="Удержание Ozon", seller="Ожидает ответа продавца")
    assert (table.unassign_in_queue, table.project) == (True, "QC")


def test_the_version_knows_the_holds(folder: Path, env: dict[str, str]) -> None:
    before = load(folder, env)
    assert Config.restore(before.dump(), env).holds == before.holds
    path = folder / "holds.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("seller: 24h", "seller: 2d"), encoding="utf-8")
    after = load(folder, env)
    assert after.holds.due.seller == timedelta(days=2)
    assert after.version != before.version
