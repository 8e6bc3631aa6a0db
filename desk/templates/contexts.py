"""What an issue template may use: a ticket with its topic, a ticket on hold, or what a seller may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config import Topic
from desk import adf
from desk.templates.format import ContextName, TemplateError
from events import Agent, Author, Closing, HoldDetail, Message, Seller, Ticket

STAFF_NAMES = frozenset({"ticket", "seller", "agent", "closing", "topic", "texts"})
NAMES: Mapping[ContextName, frozenset[str]] = {
    "escalation": STAFF_NAMES,
    "hold": STAFF_NAMES | {"category", "hold"},
    "seller": frozenset({"ticket", "texts"}),
    "case": STAFF_NAMES | {"case"},
}


@dataclass(frozen=True, slots=True)
class IssueContext:
    """A ticket that is being escalated (W-04, W-63)."""

    ticket: Ticket
    topic: Topic
    agent: Agent = field(default_factory=Agent)
    closing: Closing = field(default_factory=Closing)

    def said(self) -> bool:
        """Whether anybody wrote anything: the agent a description, or anyone a message."""
        texts = (self.closing.description or "", *(message.text for message in self.ticket.messages))
        return not all(map(adf.is_blank, texts))

    def values(self, context: ContextName) -> dict[str, Any]:
        """Return the variables of a template; raise `TemplateError` for a template with another context."""
        if context != "escalation":
            raise TemplateError(f"a template with context: {context} is for holds")
        return _staff(self)


@dataclass(frozen=True, slots=True)
class HoldContext:
    """A ticket that is put on hold, of any Type (W-52); `category` is its name in T-3, `topic` its row in T-1."""

    ticket: Ticket
    agent: Agent = field(default_factory=Agent)
    closing: Closing = field(default_factory=Closing)
    category: str | None = None
    topic: Topic | None = None

    def said(self) -> bool:
        """Always True: a hold has its question or its reason."""
        return True

    def values(self, context: ContextName) -> dict[str, Any]:
        """Return the variables of a template for holds; one for the seller gets nothing internal."""
        if context == "seller":
            return {"ticket": PublicTicket.of(self.ticket)}
        if context != "hold":
            raise TemplateError(f"a template with context: {context} is not for holds")
        return _staff(self) | {"category": self.category, "hold": self.closing.hold_detail}


@dataclass(frozen=True, slots=True)
class PublicTicket:
    """What a seller knows of a ticket anyway: its numbers, subject and public messages (W-19)."""

    id: str
    subject: str | None
    created_at: datetime | None
    order_no: str | None
    shipment_no: str | None
    supply_no: str | None
    messages: tuple[Message, ...]

    @classmethod
    def of(cls, ticket: Ticket) -> PublicTicket:
        """Return the public part of a ticket; messages keep their moment, text and author's role."""
        return cls(
            id=ticket.id,
            subject=ticket.subject,
            created_at=ticket.created_at,
            order_no=ticket.order_no,
            shipment_no=ticket.shipment_no,
            supply_no=ticket.supply_no,
            messages=tuple(
                Message(at=message.at, author=Author(role=message.author.role), text=message.text)
                for message in ticket.messages
                if message.public
            ),
        )


@dataclass(frozen=True, slots=True)
class CaseView:
    """A problem case as shown in its issue (J-04, J-05); `facts`: what is known, by the names in `cases.yml`."""

    kind: str
    short: str
    facts: Mapping[str, str] = field(default_factory=dict)
    order_no: str = ""
    sku: str = ""
    story: str = ""
    url: str = ""
    done: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseContext:
    """A problem case with its ticket, or with an issue that a person made in place of a ticket (J)."""

    ticket: Ticket
    case: CaseView
    agent: Agent = field(default_factory=Agent)

    def said(self) -> bool:
        """Always True: a case has its kind."""
        return True

    def values(self, context: ContextName) -> dict[str, Any]:
        """Return the variables of a template for cases; raise `TemplateError` for another one."""
        if context != "case":
            raise TemplateError(f"a template with context: {context} is not for cases")
        return _staff(HoldContext(self.ticket, self.agent)) | {"case": self.case}


def samples(context: ContextName) -> Iterator[IssueContext | HoldContext | CaseContext]:
    """Yield a ticket with all its data, and one with only its id."""
    ticket, agent, closing = _full()
    if context == "case":
        texts = ("sample",)
        yield CaseContext(ticket, CaseView(*texts * 2, {"sample": "sample"}, *texts * 4, texts, texts), agent)
        yield CaseContext(Ticket(id="1"), CaseView("sample", "sample"))
        return
    topic = Topic("fbo", "driver", "sample", "sample", "W-40")
    if context == "escalation":
        yield IssueContext(ticket, topic, agent, closing)
        yield IssueContext(Ticket(id="1"), topic)
    else:
        yield HoldContext(ticket, agent, closing, category="sample", topic=topic)
        yield HoldContext(Ticket(id="1"))


def _staff(context: IssueContext | HoldContext) -> dict[str, Any]:
    return {
        "ticket": context.ticket,
        "seller": context.ticket.seller,
        "agent": context.agent,
        "closing": context.closing,
        "topic": context.topic,
    }


def _full() -> tuple[Ticket, Agent, Closing]:
    moment, text = datetime(2026, 11, 20, tzinfo=UTC), "sample"
    message = Message(id="m1", at=moment, author=Author(role="partner", id="1"), visibility="public", text=text)
    seller = Seller(id="1", name=text, legal_entity=text, schemes=("FBO",), size="D", top=True)
    texts = dict.fromkeys(
        ("url", "channel", "type", "subtype", "subject", "order_no", "shipment_no", "supply_no"), text
    ) | dict.fromkeys(("warehouse", "city", "platform"), text)
    ticket = Ticket.model_validate(
        {"id": "1", "created_at": moment, "seller": seller, "messages": (message,), "audience": "partner", **texts}
    )
    hold = HoldDetail(reason="external_jira", jira_key="ITSD-1", link=text, account_id="1")
    closing = Closing(description=text, question=text, actions_done=text, comment=text, hold_detail=hold)
    return ticket, Agent(id="1", name=text, org=text), closing
