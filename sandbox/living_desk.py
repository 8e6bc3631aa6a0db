"""`python -m sandbox.living_desk`: what a desk of four weeks looks like, for whoever looks around after `make run`.

Everything goes through the doors that a CRM has: signed events, and a clock that is moved from moment to moment. At the
end it is now, and on every first page something waits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any

import requests
import yaml

from sandbox.story import StoryWorld

FILE = Path(__file__).with_name("desk.yml")
SATURDAY = 5
LOCAL = timedelta(hours=3)  # the desk's zone, Europe/Moscow
Event = dict[str, Any]


@dataclass(frozen=True)
class DeskMoment:
    """What happens at a moment: events, each after the ticket was put into the CRM; `fault`: Jira refuses the next."""

    at: datetime
    events: tuple[Event, ...]
    fault: bool = False


class LivingDesk:
    """The moments of `desk.yml`, as seen from `now`; tickets are numbered in the order in which they are made."""

    def __init__(self, plan: Mapping[str, Any], now: datetime) -> None:
        self._plan, self._now = plan, now
        self._ids = count(int(plan["first_id"]))
        self._questions, self._sellers = cycle(plan["questions"]), cycle(plan["sellers"])
        self._agents = {one["id"]: one for one in plan["agents"]}

    def moments(self) -> list[DeskMoment]:
        """All of them, in order."""
        parts = (self._answered(), self._late(), self._held(), self._fresh(), self._stopped())
        return sorted((moment for part in parts for moment in part), key=lambda moment: moment.at)

    def _answered(self) -> Iterator[DeskMoment]:
        """Four weeks of questions that departments have answered."""
        plan, agents = self._plan, cycle(self._agents)
        departments, latency = cycle(plan["departments"]), cycle(plan["latency"])
        start = (self._now + LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) - LOCAL
        for day in range(plan["days"], 0, -1):
            midnight = start - timedelta(days=day)
            if (midnight + LOCAL).weekday() >= SATURDAY:
                continue
            for hour in plan["hours"]:
                at = midnight + timedelta(hours=hour)
                asked = self._asked(at, next(departments), next(agents))
                answered_at = at + timedelta(hours=next(latency))
                yield DeskMoment(at, (asked,))
                if answered_at < self._now:
                    yield DeskMoment(answered_at, (self._then(asked, "request.answered", answered_at),))

    def _late(self) -> Iterator[DeskMoment]:
        """Questions that nobody has answered: the client was promised something, soothed, or knows nothing."""
        for one in self._plan["late"]:
            at = self._now - timedelta(hours=one["hours"])
            asked = self._asked(at, one["department"], one["agent"])
            yield DeskMoment(at, (asked,))
            told = at + timedelta(minutes=10)
            if one["client"] != "quiet":
                yield DeskMoment(told, (self._said(asked, told, None),))
            if one["client"] == "soothed":
                soothed = told + timedelta(hours=2)
                yield DeskMoment(soothed, (self._said(asked, soothed, self._plan["soothing"]),))

    def _fresh(self) -> Iterator[DeskMoment]:
        """Questions of today, whose drafts wait for their agents."""
        for one in self._plan["fresh"]:
            at = self._now - timedelta(hours=one["hours"])
            yield DeskMoment(at, (self._asked(at, one["department"], one["agent"]),))

    def _held(self) -> Iterator[DeskMoment]:
        """Holds whose time is over."""
        for one in self._plan["held"]:
            at = self._now - timedelta(hours=one["hours"])
            yield DeskMoment(at, (self._closing(at, one["agent"], self._ticket(at, one["ticket"]), one["closing"]),))

    def _stopped(self) -> Iterator[DeskMoment]:
        """A task that Jira refuses."""
        at = self._now - timedelta(minutes=30)
        made = self._ticket(at, self._plan["stopped"])
        yield DeskMoment(at, (self._closing(at, "a18", made, {"create_jira": True}),), fault=True)

    def _ticket(self, at: datetime, given: Mapping[str, Any]) -> dict[str, Any]:
        number = str(next(self._ids))
        first = {"id": "m1", "at": at.isoformat(), "author": {"role": "partner"}, "visibility": "public"}
        asks = {**first, "kind": "question", "text": given.get("text", "Прошу разобраться."), "attachments": []}
        own = {name: value for name, value in given.items() if name != "text"}
        made: dict[str, Any] = {
            "audience": "partner",
            "channel": "chat",
            "status": "В работе",
            "created_at": at.isoformat(),
        }
        made |= {"warehouse": "Хоругвино", "subject": given.get("subtype"), "seller": next(self._sellers)}
        said = own.pop("messages", [])
        return {**made, **own, "id": number, "url": f"#ticket-{number}", "messages": [asks, *said]}

    def _asked(self, at: datetime, department: str, agent: str) -> Event:
        question = next(self._questions)
        made = self._ticket(at, question)
        asked = {"id": f"r-{made['id']}", "department": department, "text": question["text"], "answer_required": True}
        return self._event(at, "request.created", made, agent) | {"request": asked}

    def _closing(self, at: datetime, agent: str, made: dict[str, Any], closing: Mapping[str, Any]) -> Event:
        chosen = {"resolution": "Не решена", "create_jira": False, **closing}
        return self._event(at, "ticket.closing", made, agent) | {"closing": chosen}

    def _event(self, at: datetime, kind: str, made: dict[str, Any], agent: str) -> Event:
        name = f"desk-{made['id']}-{kind}"
        return {"id": name, "type": kind, "occurred_at": at.isoformat(), "ticket": made, "agent": self._agents[agent]}

    @staticmethod
    def _then(asked: Event, kind: str, at: datetime) -> Event:
        name = f"{asked['id']}-{at:%d%H%M}"
        request = asked["request"] | {"answer": "Готово, исправили."}
        return {**asked, "id": name, "type": kind, "occurred_at": at.isoformat(), "request": request}

    @staticmethod
    def _said(asked: Event, at: datetime, text: str | None) -> Event:
        """The agent writes to the client; without words it is the draft that is sent."""
        name = f"a-{at:%d%H%M}"
        said: dict[str, Any] = {
            "id": name,
            "at": at.isoformat(),
            "author": {"role": "agent", "id": asked["agent"]["id"]},
        }
        said |= {"visibility": "public", "kind": "answer", "text": text or "", "attachments": []}
        event = {**asked, "id": f"{asked['id']}-{name}", "type": "ticket.message", "occurred_at": at.isoformat()}
        ticket = {**asked["ticket"], "messages": [said]}
        return {**event, "request": None, "message_id": name, "ticket": ticket, "draft": text is None}


def play(world: StoryWorld, moments: list[DeskMoment]) -> int:
    """Let it all happen; how many events came to another end than they should."""
    failed, known = 0, set[str]()
    for moment in moments:
        world.move_clock(set=moment.at.isoformat())
        if moment.fault:
            world.fault({"system": "jira", "match": "POST /rest/api/3/issue", "times": 1, "status": 400})
        for event in moment.events:
            failed += not _happens(world, event, known, "dead" if moment.fault else "done")
    world.move_clock(set=datetime.now(UTC).isoformat())
    return failed


def _happens(world: StoryWorld, event: Event, known: set[str], end: str) -> bool:
    number = event["ticket"]["id"]
    if number not in known:
        world.put_ticket(event["ticket"])
        known.add(number)
    if event.pop("draft", False):
        drafts = [one["id"] for one in world.ticket(number)["messages"] if one.get("draft")]
        event["draft_of"] = drafts[-1] if drafts else None
    world.send(event)
    return bool(world.outcome(event["id"])["status"] == end)


def main() -> int:
    """Fill the desk, once; 0 when all came out as it should."""
    world = StoryWorld(dict(os.environ))
    plan = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    desk = LivingDesk(plan, datetime.now(UTC).replace(microsecond=0))
    moments = desk.moments()
    if world.knows(moments[0].events[0]["id"]):
        return 0
    sys.stdout.write("  four weeks of a desk go by …\n")
    sys.stdout.flush()
    try:
        failed = play(world, moments)
    except requests.RequestException as error:
        sys.stdout.write(f"  the desk could not be filled: {error}\n")
        return 1
    sys.stdout.write(f"  {len(moments)} moments{f', {failed} came out otherwise' if failed else ''}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
