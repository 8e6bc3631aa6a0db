"""The desk that `make run` leaves: what its plan holds, from whatever moment one looks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from config.people import People
from sandbox.living_desk import FILE, DeskMoment, LivingDesk

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def moments(now: datetime = NOW) -> list[DeskMoment]:
    return LivingDesk(yaml.safe_load(FILE.read_text(encoding="utf-8")), now).moments()


@pytest.mark.parametrize("days", [0, 1, 2, 3, 4, 400])
def test_it_goes_forward_over_four_weeks_up_to_now(days: int) -> None:
    now = NOW + timedelta(days=days)
    found = moments(now)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert timedelta(days=25) < now - found[0].at < timedelta(days=29)
    assert found[-1].at <= now


def test_something_waits_on_each_first_page() -> None:
    events = [event for moment in moments() for event in moment.events]
    asked = Counter(event["type"] for event in events)
    late = [event for event in events if event["type"] == "request.created" and event["occurred_at"] > _ago(hours=80)]
    assert asked["request.created"] > asked["request.answered"] >= 30
    assert len(late) >= 12
    assert Counter(event["closing"].get("hold") for event in events if "closing" in event) == {
        "ozon": 2,
        "seller": 1,
        None: 2,
    }
    assert sum(moment.fault for moment in moments()) == 1
    assert len({event["agent"]["name"] for event in events}) == 4


def test_the_sandbox_knows_everybody_by_the_same_name() -> None:
    people = People.model_validate(yaml.safe_load(FILE.with_name("people.yml").read_text(encoding="utf-8")))
    at_the_desk = {event["agent"]["id"]: event["agent"]["name"] for moment in moments() for event in moment.events}
    assert {agent: people.name(f"webcrm:{agent}") for agent in at_the_desk} == at_the_desk
    users = yaml.safe_load(FILE.with_name("usedesk.yml").read_text(encoding="utf-8"))["users"]
    assert [people.name(f"usedesk:{one['id']}") for one in users] == [one["name"] for one in users]


def test_each_ticket_and_delivery_has_a_number_of_its_own() -> None:
    events = [event for moment in moments() for event in moment.events]
    assert len({event["id"] for event in events}) == len(events)


def _ago(hours: int) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()
