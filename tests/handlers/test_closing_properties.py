"""Whatever a closing lacks or exaggerates, its check answers, quickly, and always the same."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import Config
from config.names import match_key
from handlers.closing_checks import CheckResult, check_closing
from receivers.webcrm_events import parse
from tests.closings import RULES
from tests.handlers.test_advice import config  # noqa: F401 # a fixture
from tests.tickets import closing, ticket

EVENTS = [event for breaks, _, keeps in RULES.values() for event in (breaks, keeps)] + [closing(ticket())]
HUGE = "Где заказ 12345678-0001? " * 40_000
QUIET = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def verdict(event: dict[str, Any], config: Config) -> CheckResult:  # noqa: F811
    """The check of a body."""
    understood = parse(copy.deepcopy(event)).event
    assert understood is not None
    return check_closing(understood, config)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every optional place of a body."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


def at(event: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any] | None:
    """The table that holds a place."""
    for step in path[:-1]:
        inner = event.get(step)
        if not isinstance(inner, dict):
            return None
        event = inner
    return event


REQUIRED = {("id",), ("type",), ("occurred_at",), ("ticket",), ("ticket", "id")}
PLACES = sorted({path for event in EVENTS for path in places(event)} - REQUIRED)
ODD = st.sampled_from([None, "", " ", 7, True, [], {}, HUGE, ["x"] * 6000, {"id": None}])


@QUIET
@given(number=st.integers(0, len(EVENTS) - 1), changes=st.lists(st.tuples(st.sampled_from(PLACES), ODD), max_size=8))
def test_no_rule_raises_whatever_is_missing_or_odd(
    config: Config,  # noqa: F811
    number: int,
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    event = copy.deepcopy(EVENTS[number])
    for path, value in changes:
        holder = at(event, path)
        if holder is not None:
            holder[path[-1]] = value
    assert verdict(event, config) == verdict(event, config)


def test_a_huge_closing_takes_no_longer_than_a_short_one_by_much(config: Config) -> None:  # noqa: F811
    messages = [{"author": {"role": "client"}, "visibility": "public", "text": HUGE[:100_000]} for _ in range(300)]
    understood = parse(closing(ticket(messages=messages, audience="customer"), resolution="НТО", comment=HUGE)).event
    assert understood is not None
    began = time.process_time()
    check_closing(understood, config)
    assert time.process_time() - began < 0.5  # 5 ms on a quiet machine; a second where something grows with the text


@pytest.mark.parametrize("seed", range(20))
def test_irrelevant_fields_case_and_spelling_change_nothing(config: Config, seed: int) -> None:  # noqa: F811
    luck = random.Random(seed)  # noqa: S311 # no secret
    event = copy.deepcopy(luck.choice(EVENTS))
    before = verdict(event, config)
    event["ticket"] |= {"url": "https://x.example.test", "city": "Тверь", "priority": "high", "unheard_of": [1]}
    event["agent"] = {"id": "a99", "org": "Ромашка"}
    for path in (("closing", "resolution"), ("ticket", "type"), ("ticket", "subtype"), ("ticket", "channel")):
        text = event[path[0]].get(path[1])
        if isinstance(text, str):
            spelt = luck.choice([str.upper, str.lower, str.title])(text).replace("е", luck.choice("её"))
            event[path[0]][path[1]] = f" {spelt}  "
    after = verdict(event, config)
    assert [(one.rule, one.severity) for one in after.violations] == [
        (one.rule, one.severity) for one in before.violations
    ]
    assert (after.unknown, after.advice) == (before.unknown, before.advice)


def other_names(config: Config) -> dict[tuple[str, str], dict[str, list[str]]]:  # noqa: F811
    """By field and key of a name: all names of the same thing. A resolution that escalates is another closing."""
    resolutions: dict[str, list[str]] = {}
    for row in config.categories.resolutions.values():
        names = [row.name, *(alias for alias in row.aliases if alias not in row.escalating)]
        resolutions |= {match_key(name): names for name in names}
    types: dict[str, list[str]] = {}
    for kind in config.categories.types.values():
        types |= {match_key(name): [kind.name, *kind.aliases] for name in (kind.name, *kind.aliases)}
    return {("closing", "resolution"): resolutions, ("ticket", "type"): types}


@QUIET
@given(number=st.integers(0, len(EVENTS) - 1), seed=st.integers(0, 9999))
def test_an_alias_in_any_letters_means_what_its_name_does(
    config: Config,  # noqa: F811
    number: int,
    seed: int,
) -> None:
    luck = random.Random(seed)  # noqa: S311 # no secret
    event = copy.deepcopy(EVENTS[number])
    before = verdict(event, config)
    for (part, field), names in other_names(config).items():
        known = names.get(match_key(event[part].get(field) or ""))
        if known:
            spelt = luck.choice(known)
            letters = [letter.upper() if luck.random() < 0.5 else letter.lower() for letter in spelt]
            event[part][field] = "".join(letters).replace("е", luck.choice("её"))
    after = verdict(event, config)
    assert after == before
