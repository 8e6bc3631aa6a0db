"""What an event says about a problem case: facts, and steps that somebody has done (J-16, J-17, J-20, J-22, J-48)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from config.cases import Cases, CaseStep
from config.names import Names
from desk.jira.cases import SUMMARY
from events import CommentEvent, Message, TicketEvent
from handlers.closings import OURS

DONE_LINE = ("Сделано", "Готов шаг")
NEW_PHOTOS = "есть"


@dataclass(frozen=True)
class Told:
    """`facts` were written as such; `found` in passing, and count only where nothing is known. `words` of colleagues;
    `replied`: the client was answered. `photos`: the client sent files.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    replied: bool = False
    photos: bool = False

    def steps(self, plan: Mapping[str, CaseStep]) -> Iterator[str]:
        """The steps of a checklist that somebody says are done."""
        names = Names([(one, spelling) for one, step in plan.items() for spelling in (one, step.name)])
        lines = [value for word in self.words for value in done_lines(word)]
        named = {*self.done, *filter(None, map(names.find, lines))}
        for name, step in plan.items():
            if name in named or (step.reply and self.replied) or any(map(step.is_said, self.words)):
                yield name


def done_lines(text: str) -> list[str]:
    """What lines `Сделано: …` name."""
    pairs = (line.partition(":") for line in text.splitlines())
    return [value.strip() for name, _, value in pairs if name.strip() in DONE_LINE and value.strip()]


def of_ticket(event: TicketEvent, cases: Cases) -> Told:
    """What a CRM tells: fields of the ticket and of the event's `case`, and the messages that are new."""
    ticket = event.ticket
    own = {"order_no": ticket.order_no, "city": ticket.city, "platform": ticket.platform}
    custom = {one.name: one.value for one in ticket.custom_fields if one.name}
    new = [one for one in ticket.messages if event.message_id in (None, one.id)]
    internal = tuple(one.text for one in new if not one.public and one.author.role in (*OURS, None))
    client = [one for one in new if one.public and one.author.role not in OURS]
    lines = {name: value for text in internal for name, value in cases.told_in(text).items()}
    found = {name: value for one in client for name, value in cases.found_in(one.text).items()}
    return Told(
        facts={**cases.given({**own, **custom}), **cases.given(event.case or {}), **lines},
        found=found,
        words=internal,
        replied=event.type == "ticket.message" and any(_is_reply(one) for one in new),
        photos=any(one.attachments for one in client),
    )


def _is_reply(message: Message) -> bool:
    return message.public and not message.draft and message.author.role in OURS


def of_comment(event: CommentEvent, cases: Cases) -> Told:
    """What a colleague writes into the issue."""
    return Told(facts=cases.told_in(event.text), words=(event.text,))


def of_issue(summary: str, description: str, cases: Cases) -> Told:
    """What stands in an issue that a person made: `{заказ} / {артикул} – кратко`, and lines of the description."""
    known = cases.told_in(description)
    match = SUMMARY.match(summary)
    head = {"order_no": match["order"], "sku_ordered": match["sku"]} if match else {}
    found = {**cases.found_in(f"{summary}\n{description}"), **cases.given(head)}
    return Told(facts=known, found=found)


def kind_of(event: TicketEvent, cases: Cases) -> str | None:
    """The kind of case that somebody says a ticket is: the event, a field of the ticket, a tag, or a colleague."""
    ticket, told = event.ticket, event.case or {}
    fields = [one.value for one in ticket.custom_fields]
    topics = [level for topic in ticket.topics or () for level in topic.levels]
    internal = [one.text for one in ticket.messages if not one.public]
    lines = [line.partition(":")[2].strip() for text in internal for line in text.splitlines() if _is_kind_line(line)]
    return cases.kind_of(told.get("kind"), ticket.type, ticket.subtype, *topics, *ticket.tags, *fields, *lines)


def _is_kind_line(line: str) -> bool:
    return line.partition(":")[0].strip().casefold() == "случай"


def suggested_kind(event: TicketEvent, cases: Cases) -> str | None:
    """The kind that the client's words speak of (J-14, J-41)."""
    said = [one.text for one in event.ticket.messages if one.public and one.author.role not in OURS]
    return cases.kind_in("\n".join(said))
