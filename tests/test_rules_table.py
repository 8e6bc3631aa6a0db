"""The manual and the code agree: what is built is proven, and what is proven is built."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cli import rules_table
from cli.rules_table import ROOT, done_in, proved_in
from config import Config, load
from config.rules import KNOWN

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}


@pytest.fixture(scope="module")
def config() -> Config:
    """The shipped configuration."""
    return load(ROOT / "config", ENV)


def test_each_rule_that_is_built_has_a_test_and_the_other_way_round(config: Config) -> None:
    built = {rule.id for rule in config.rules.rules.values() if rule.built}
    proved = set(proved_in(ROOT))
    assert {"built without a test": built - proved, "a test, but not built": proved - built} == {
        "built without a test": set(),
        "a test, but not built": set(),
    }


def test_each_rule_that_a_verb_obeys_is_built(config: Config) -> None:
    obeyed = {rule for name, tree in rules_table.trees(ROOT, rules_table.CODE) for rule, _ in rules_table.valued(tree)}
    assert {rule for rule in obeyed if not config.rules.rules[rule].built} == set()


def test_no_rule_of_the_manuals_is_left(config: Config) -> None:
    """Each of them is done, or says what is offered where only a person can."""
    rules = config.rules.rules
    assert rules.keys() == set(KNOWN)
    assert [rule.id for rule in rules.values() if not rule.built and not rule.by_hand] == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small program with rules in every place that is understood."""
    files = {
        "handlers/a.py": '"""Chapter H (W-33…W-35)."""\nFBO = "W-57"\n\n'
        'def f(desk):\n    """Holds (R-20a, not U-99)."""\n'
        '    desk.go(why=FBO)\n    desk.go(why="W-64")\n    desk.go(note="W-65")\n',
        "desk/b.py": "def g(verb):\n    verb(why='W-64')\n",
        "tests/test_a.py": "import pytest\nMANY = ('W-01', 'W-02')\npytestmark = pytest.mark.rule('W-03')\n"
        "@pytest.mark.rule('W-57', 'W-58')\n"
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.rule('W-60'))])\n"
        "def test_it(x): ...\n\nclass TestB:\n    @pytest.mark.rule(*MANY)\n    def test_b(self): ...\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_where_a_rule_is_done(source: Path) -> None:
    assert done_in(source) == {
        "W-33": ["handlers/a.py:1"],
        "W-34": ["handlers/a.py:1"],
        "W-35": ["handlers/a.py:1"],
        "R-20a": ["handlers/a.py:4"],
        "W-57": ["handlers/a.py:6"],
        "W-64": ["handlers/a.py:7", "desk/b.py:2"],
    }


def test_what_proves_a_rule(source: Path) -> None:
    assert proved_in(source) == {
        "W-03": ["tests/test_a.py"],
        "W-57": ["tests/test_a.py::test_it"],
        "W-58": ["tests/test_a.py::test_it"],
        "W-60": ["tests/test_a.py::test_it"],
        "W-01": ["tests/test_a.py::test_b"],
        "W-02": ["tests/test_a.py::test_b"],
    }


def test_the_table(config: Config, source: Path) -> None:
    rows = rules_table.rows(config, (), NOW, source)
    assert [row.rule for row in rows] == list(config.rules.rules)
    text = rules_table.printed(rows, as_json=False)
    line = next(line for line in text.splitlines() if line.startswith("W-64"))
    assert "handlers/a.py:7 и ещё 1" in line
    told = {row["rule"]: row for row in json.loads(rules_table.printed(rows, as_json=True))}
    assert told["W-57"]["tests"] == ["tests/test_a.py::test_it"]
    assert told["W-57"]["built"] is True


def test_the_table_says_from_which_day_a_rule_is_obeyed(config: Config, source: Path) -> None:
    rule = config.rules.rules["W-57"].model_copy(update={"mode": "act", "effective_from": date(2026, 11, 21)})
    rules = config.rules.model_copy(update={"rules": config.rules.rules | {"W-57": rule}})
    rules.__dict__.pop("begun_by", None)  # a copy takes along what was computed
    ahead = config.model_copy(update={"rules": rules})
    before, after = (
        rules_table.printed(rules_table.rows(ahead, (), moment, source), as_json=False)
        for moment in (NOW, datetime(2026, 11, 20, 21, 0, tzinfo=UTC))  # midnight in Moscow
    )
    assert "W-57     off, действует с 2026-11-21" in before
    assert "W-57     act  " in after


def test_the_table_ends_with_how_many_of_each_manual_are_built(config: Config, source: Path) -> None:
    rows = rules_table.rows(config, (), NOW, source)
    built = [row for row in rows if row.built]
    totals = rules_table.totals(rows)
    of_w = sum(row.rule[0] == "W" for row in built), sum(row.rule[0] == "W" for row in rows)
    assert totals.startswith(f"Умеет бот: W {of_w[0]} из {of_w[1]}, R ")
    by_hand = sum(row.by_hand is not None for row in rows)
    assert totals.endswith(f"; всего {len(built)} из {len(KNOWN)}, ещё {by_hand} может выполнить только человек.")


def test_the_table_says_what_is_offered_where_only_a_person_can_obey(config: Config, source: Path) -> None:
    rows = [row for row in rules_table.rows(config, (), NOW, source) if row.rule == "W-18"]
    assert rows[0].by_hand
    assert f"только человек  {rows[0].by_hand}" in rules_table.printed(rows, as_json=False)
    assert json.loads(rules_table.printed(rows, as_json=True))[0]["by_hand"] == rows[0].by_hand
