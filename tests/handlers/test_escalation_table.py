"""T-9 against every combination of what it tells apart: no forbidden pair is ever suggested.

The rows, topics, lines and forbidden pairs are those of `escalation.yml`, so a new one is tried by itself; what each of
them allows is said here once more, without the code that decides.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from benchmarks import escalation
from config import load, names
from config.escalation import Delivery, EscalationRow, Need
from events import TicketEvent
from events.tickets import Agent, Client, Closing, Package, Ticket, TicketTopic
from handlers.escalation import Verdict, check_escalation
from handlers.escalation.words import worded

CONFIG = load(escalation.FOLDER, escalation.ENV)
TABLE = CONFIG.escalation
TOPICS = (None, *TABLE.topics)
SPECIAL: tuple[Delivery, ...] = get_args(Delivery)
BASE = escalation.chat("Здравствуйте")
FORBIDDEN = {(topic, pair.line) for pair in TABLE.forbidden for topic in pair.topics}


@dataclass(frozen=True)
class Case:
    """What T-9 looks at; None of a fact: the CRM does not tell it."""

    topics: tuple[str, ...]
    packages: tuple[Delivery | None, ...] = ()
    badge: bool = False
    company: bool = False
    skill: bool | None = False
    staff: bool = False
    right: bool | None = False
    channel: str | None = "Чат"

    @property
    def event(self) -> TicketEvent:
        """The chat as WebCRM tells of it."""
        ticket = _ticket(self.topics, self.packages, self.badge, self.company, self.channel)
        skills, rights = _told(self.skill, TABLE.skills), _told(self.right, TABLE.permissions)
        agent = Agent(org=TABLE.orgs[0] if self.staff else "КЦ", skills=skills, permissions=rights)
        return BASE.model_copy(update={"ticket": ticket, "agent": agent})

    def meets(self, need: Need | None) -> bool | None:
        """Whether a row's condition holds."""
        lacks_skill = None if self.skill is None else not self.skill
        lacks_right = None if self.right is None else not self.right
        conditions: dict[Need | None, bool | None] = {
            None: True,
            "badge": self.badge,
            "person": not self.company,
            "company": self.company and lacks_skill,
            "no_right": self.staff and lacks_right,
        }
        return conditions[need]

    @property
    def coming(self) -> list[Delivery]:
        """The special deliveries of its packages, where it is about an order as far as anybody knows."""
        about = not self.topics or any(TABLE.topics[topic].order for topic in self.topics)
        return [kind for kind in dict.fromkeys(self.packages) if kind and about]

    @property
    def special(self) -> set[str]:
        """The lines of Express, DS mini and Flex that come before all others (C-21); several: ask which package."""
        named = [topic for topic in self.topics if topic in SPECIAL]
        sent = list(dict.fromkeys(kind for kind in self.packages if kind))
        return set([topic for topic in named if topic in sent][:1] or (sent if named else self.coming) or named[:1])

    @property
    def is_one_package(self) -> bool:
        """Whether nobody has to ask which package it is about (E-29)."""
        named = not set(self.topics).isdisjoint(SPECIAL)
        return len(self.special) == 1 and (named or set(self.packages) == self.special)

    def fits(self, row: EscalationRow) -> bool | None:
        """Whether a row takes this chat; None: perhaps."""
        speaks = any(row.speaks_of(topic) for topic in self.topics or (None,))
        if row.line in SPECIAL:
            return row.line in self.special
        return speaks and self.meets(row.needs)


@functools.lru_cache(1)
def _ticket(topics: tuple[str, ...], packages: tuple[Any, ...], badge: Any, company: Any, channel: Any) -> Ticket:
    names = tuple(TicketTopic(topic=TABLE.topics[topic].name) for topic in topics)
    sent = tuple(Package(delivery=getattr(TABLE.packages, kind)[0] if kind else None) for kind in packages)
    client = Client(is_legal_entity=company, badges=TABLE.badges if badge else ())
    return BASE.ticket.model_copy(update={"channel": channel, "topics": names, "client": client, "packages": sent})


def _told(fact: bool | None, names: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if fact is None else names if fact else ()


SINGLE = [(), *((topic,) for topic in TABLE.topics)]
PAIRS: list[tuple[str, ...]] = list(itertools.combinations(TABLE.topics, 2))
TURNED = [pair[::-1] for pair in PAIRS]
ORDERS: list[tuple[Delivery | None, ...]] = [(), (None,), *((kind,) for kind in SPECIAL)]
PAIRED = [*(order for order in ORDERS if order != (None,)), ("express", None), ("ds_mini", "flex")]
ORDERS += [(kind, other) for kind in SPECIAL for other in (None, *SPECIAL) if kind != other]
WHO = [{"company": False}, *({"company": True, "skill": skill} for skill in (False, True, None))]
STAFF = [{"staff": False}, *({"staff": True, "right": right} for right in (False, True, None))]
CHANNELS = [channel.name for name, channel in CONFIG.resolutions.channels.items() if name != "chat"]


@pytest.fixture(scope="module", autouse=True)
def spelled_once() -> Iterator[None]:
    """Spellings are brought to their normal form once, not a hundred thousand times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "fold", functools.cache(names.fold))
        yield


def cases(
    topics: Sequence[tuple[str, ...]], orders: Sequence[Any] = ORDERS, who: Any = WHO, staff: Any = STAFF, **more: Any
) -> Iterator[Case]:
    """All that may be known of a chat about these topics."""
    for told, packages, badge, client, agent in itertools.product(topics, orders, (False, True), who, staff):
        yield Case(told, packages, badge, **client, **agent, **more)


def handing_on(line: str | None) -> dict[str, Any]:
    """A closing by which an agent hands the chat on, all as the manual says but for the line, perhaps."""
    reason = TABLE.lines[line].reason if line in TABLE.lines else line
    comment = "Просит помочь, проверено в программах."
    return {"escalate": True, "escalation_reason": reason, "resolution": "Не решена", "comment": comment}


def judged(case: Case, **closing: Any) -> Verdict:
    """The verdict, after it was put into words; nothing that it suggests is forbidden."""
    event = case.event.model_copy(update={"closing": Closing(**closing)})
    verdict = check_escalation(event, CONFIG)
    said = worded(event, verdict, CONFIG, lambda name, **_: name)
    assert bool(verdict.missing) == ("escalation_ask_fields" in verdict.words), (case, closing, verdict)
    offered = [(one.line, one.topic, one.rule) for one in verdict.alternatives]
    offered += [(verdict.line, verdict.topic, verdict.rule)] if verdict.decision == "escalate" else []
    for line, topic, rule in offered:
        if line is None:
            continue
        fit = [case.fits(row) for row in TABLE.rows if row.line == line]
        unsure = verdict.decision != "escalate"
        assert any(fit) or (unsure and None in fit), (case, closing, verdict)
        assert (topic, line) not in FORBIDDEN, (case, closing, verdict)
        assert rule == TABLE.lines[line].rule, (case, closing, verdict)
    reasons = [TABLE.lines[one.line].reason if one.line else None for one in verdict.alternatives]
    assert [one.line for one in said.alternatives] == reasons
    assert said.line == (TABLE.lines[verdict.line].reason if verdict.line else None)
    return verdict


@pytest.mark.rule("E-09", "E-24", "E-27", "E-30", "E-32", "E-41")
@pytest.mark.parametrize("first", [None, *TABLE.topics])
def test_no_forbidden_pair_is_ever_suggested(first: str | None) -> None:
    begins = (first,) if first else ()
    pairs, turned = ([told for told in some if told[:1] == begins] for some in (PAIRS, TURNED))
    for case in itertools.chain(cases([begins]), cases(pairs, PAIRED), cases(turned, ORDERS[:1])):
        verdict = judged(case)
        if verdict.decision == "escalate":
            assert set(verdict.words) <= {"escalation_hint_switch"}, (case, verdict)  # nothing for the client (E-03)
        elif verdict.decision == "ask":
            assert verdict.alternatives and verdict.line is None, (case, verdict)
        else:
            assert (verdict.decision, verdict.line, verdict.alternatives) == ("self", None, ()), (case, verdict)
        if case.special:
            assert _lines(verdict) == case.special, (case, verdict)


@pytest.mark.rule("E-21", "E-23", "E-25", "E-28", "E-29")
def test_the_first_row_that_fits_takes_a_chat_of_one_topic() -> None:
    for case in cases(SINGLE):
        rows = [row for row in TABLE.rows if case.fits(row) is not False]
        verdict = judged(case)
        if not rows:
            assert verdict.decision == "self", (case, verdict)
        elif case.fits(rows[0]) and (not case.special or case.is_one_package):
            assert verdict.line == rows[0].line, (case, verdict)
        else:
            assert verdict.decision == "ask", (case, verdict)
            assert rows[0].line in {one.line for one in verdict.alternatives}, (case, verdict)


@pytest.mark.rule("E-05", "E-06", "E-09", "E-24")
@pytest.mark.parametrize("chosen", [*TABLE.lines, "unknown", None])
def test_what_may_not_be_is_refused_and_never_offered_instead(chosen: str | None) -> None:
    for case, found in _found_once():
        verdict = judged(case, **handing_on(chosen))
        offered, instead = _lines(found), {one.line for one in verdict.alternatives} - {None}
        if verdict.decision == "refuse":
            assert (chosen in offered, instead) == (False, offered), (case, verdict)
        else:
            assert verdict == found, (case, verdict)
            assert chosen in offered or not FORBIDDEN.intersection((topic, chosen) for topic in case.topics), case
            rows = [row for row in TABLE.rows if row.line == chosen]
            assert chosen in offered or not rows or any(case.meets(row.needs) is not False for row in rows), case


@functools.cache
def _found_once() -> list[tuple[Case, Verdict]]:
    """What is found in each chat while nothing is chosen."""
    told = [(SINGLE + PAIRS, ORDERS[:1]), (SINGLE, PAIRED[1:])]
    made = itertools.chain.from_iterable(cases(topics, orders, WHO[:3], STAFF[:2]) for topics, orders in told)
    return [(case, judged(case)) for case in made]


@pytest.mark.rule("E-22", "E-40", "E-49")
@pytest.mark.parametrize("channel", [*CHANNELS, None])
def test_nothing_but_a_chat_is_ever_handed_on(channel: str | None) -> None:
    orders = [ORDERS[0], ORDERS[2], ORDERS[-1]]
    for case in cases(SINGLE, orders, channel=channel):
        verdict, chosen = judged(case), judged(case, **handing_on("flex"))
        assert verdict.decision == "self" or (channel is None and verdict.decision == "ask"), (case, verdict)
        assert chosen.decision == "refuse" or channel is None, (case, chosen)
        assert channel is None or {one.line for one in (*verdict.alternatives, *chosen.alternatives)} <= {None}, case


@pytest.mark.parametrize("line", TABLE.lines)
def test_no_line_is_suggested_whose_rule_is_off(line: str) -> None:
    config = CONFIG.switched({TABLE.lines[line].rule: "off"})
    for case in cases(SINGLE, PAIRED, WHO[:2], STAFF[1:2]):
        assert line not in _lines(check_escalation(case.event, config)), case


def test_the_same_body_always_has_the_same_verdict() -> None:
    for case in cases(SINGLE + PAIRS[::7], PAIRED[::2], WHO[:3], STAFF[:2]):
        bodies = [case.event.model_dump_json() for _ in range(2)]
        assert [check_escalation(TicketEvent.model_validate_json(body), CONFIG) for body in bodies] == [
            judged(case)
        ] * 2


def _lines(verdict: Verdict) -> set[str]:
    return {line for line in (verdict.line, *(one.line for one in verdict.alternatives)) if line}
