"""All rules of the manuals stand in `rules.yml`, word for word."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from config import Config, check, load
from config.rules import KNOWN, Mode

MANUALS = Path(__file__).resolve().parents[3] / "shared" / "rules.md"
HEAD = re.compile(r"^\*\*([WRJUE])-(\d+a?)(?: … [WRJUE]-(\d+))?\*\* `\[[A-Z]+\]` (L[0-9–]+)")
ROW = re.compile(r"^\| (W-\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@pytest.fixture
def config(folder: Path, env: dict[str, str]) -> Config:
    """The shipped tables."""
    return load(folder, env)


@pytest.fixture(scope="module")
def manuals() -> str:
    """The specification, where it is at hand."""
    if not MANUALS.exists():
        pytest.skip(f"{MANUALS} is not here")
    return MANUALS.read_text(encoding="utf-8")


def entries(manuals: str) -> dict[str, tuple[str, str, bool]]:
    """Read rule id → (quote, source, is one of a range) from the specification."""
    found: dict[str, tuple[str, str, bool]] = {}
    lines = manuals.splitlines()
    for line, following in pairwise(lines):
        head = HEAD.match(line)
        if not head:
            continue
        letter, first, last, source = head.groups()
        ids = [first] if last is None else [f"{number:02}" for number in range(int(first), int(last) + 1)]
        for number in ids:
            found[f"{letter}-{number}"] = (following.removeprefix("> "), f"{letter} {source}", last is not None)
    return found


def test_every_id_is_there(config: Config, manuals: str) -> None:
    assert set(config.rules.rules) == set(entries(manuals)) == KNOWN
    assert len(KNOWN) == 284


def test_every_quote_and_source_is_the_manuals_own(config: Config, manuals: str) -> None:
    table = {rule: f"{kind} … {subtype}" for rule, kind, subtype in ROW.findall(manuals)}
    for rule_id, (quote, source, in_range) in entries(manuals).items():
        rule = config.rules.rules[rule_id]
        assert rule.id == rule_id
        if rule_id in table:
            assert (rule.quote, rule.source) == (table[rule_id], f"W L{int(rule_id[2:]) + 128}")
        elif in_range:
            assert rule.source == source
            assert all(part in quote for part in rule.quote.split(" … ")), rule_id
        else:
            assert (rule.quote, rule.source) == (quote, source)


@pytest.mark.parametrize(("first", "last"), [("W-79", "W-82"), ("R-36", "R-42"), ("E-15", "E-19"), ("U-20", "U-25")])
def test_a_range_gives_each_of_its_rules_its_own_words(config: Config, manuals: str, first: str, last: str) -> None:
    ids = [rule for rule in sorted(KNOWN) if first <= rule <= last]
    quotes = [config.rules.rules[rule].quote for rule in ids]
    assert len(set(quotes)) == len(ids)
    whole = entries(manuals)[first][0].replace("- ", "")
    intro = quotes[0].split(" … ")[0] if quotes[0].split(" … ")[0] in quotes[1] else ""
    items = " … ".join(quote.removeprefix(f"{intro} … ") for quote in quotes)
    assert (f"{intro} … {items}" if intro else items) == whole


def test_days_from_which_a_rule_holds(config: Config) -> None:
    days = {rule_id: str(rule.effective_from) for rule_id, rule in config.rules.rules.items() if rule.effective_from}
    assert days == {"U-07": "2025-10-20", "U-19": "2025-11-05", "U-32": "2025-11-05", "U-33": "2025-10-20"}


def test_the_rules_of_a_hold_have_one_mode(folder: Path, env: dict[str, str]) -> None:
    path = folder / "rules.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  W-67:\n", '  W-67:\n    mode: "off"\n'), encoding="utf-8")
    line = text[: text.index("  W-67:\n")].count("\n") + 2
    (fault,) = check(folder, env)
    assert (fault.file.rpartition("/")[2], fault.line, fault.key) == ("rules.yml", line, "rules.W-67.mode")
    assert fault.text == (
        "эти правила действуют только вместе, а режимы у них разные (W-66 observe, W-67 off, W-68 observe, "
        "W-71 observe); дайте всем один mode"
    )


def test_until_its_day_a_rule_is_off_with_those_that_are_switched_with_it(folder: Path, env: dict[str, str]) -> None:
    path = folder / "rules.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  W-67:\n", "  W-67:\n    effective_from: 2026-11-21\n"), encoding="utf-8")
    config = load(folder, env | {"RULES_DEFAULT_MODE": "act"})
    late = datetime(2026, 11, 20, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
    before, after = config.at(late), config.at(late + timedelta(minutes=1))
    group = ("W-66", "W-67", "W-68", "W-71")
    assert [before.rules.mode(rule) for rule in (*group, "W-57")] == [*["off"] * len(group), "act"]
    assert after is config
    assert before.version != config.version


def test_shipped_it_changes_nothing(config: Config) -> None:
    assert {config.rules.mode(rule_id) for rule_id in KNOWN} == {"off", "observe"}


@pytest.mark.parametrize("mode", ["off", "observe", "warn", "act"])
def test_the_default_mode_comes_from_the_environment(folder: Path, env: dict[str, str], mode: Mode) -> None:
    rules = load(folder, env | {"RULES_DEFAULT_MODE": mode}).rules
    assert rules.mode("W-57") == mode
    assert rules.mode("J-02") == "off"  # not built


def test_a_rule_may_have_a_mode_of_its_own(folder: Path, env: dict[str, str]) -> None:
    path = folder / "rules.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  W-57:\n", "  W-57:\n    mode: off\n"), encoding="utf-8")
    rules = load(folder, env | {"RULES_DEFAULT_MODE": "act"}).rules
    assert (rules.mode("W-57"), rules.mode("W-58")) == ("off", "act")


def test_an_id_that_no_manual_has_raises(config: Config) -> None:
    with pytest.raises(KeyError):
        config.rules.mode("W-99")
