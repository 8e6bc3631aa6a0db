"""Checks an M-1 that an agent typed by hand, when it is sent and at the closing (W-16)."""

from __future__ import annotations

from collections.abc import Mapping

from desk.desk import Desk
from events import TicketEvent
from handlers import merge_notices
from handlers.closing_checks import Facts, Others, check_closing, named
from handlers.closing_checks.spam_and_duplicates import notice_values
from handlers.closing_checks.words import told
from handlers.usedesk_checks import message_of

RULE = "W-16"


def check_message(event: TicketEvent, desk: Desk) -> None:
    """An agent has told a client that two tickets were merged: at the other one somebody has to be at work (W-16).

    In Usedesk nobody knows how the other one stands; what is wrong by itself is told there too.
    """
    message = message_of(event)
    if desk.mode(RULE) == "off" or message is None or not merge_notices.is_notice(message, desk.config.duplicates):
        return
    if event.source == desk.crm.source:
        notice = Facts(event, desk.config).notice
        number = notice.number if notice is not None else None
        _tell(event, desk, {} if number in (None, event.ticket.id) else desk.duplicates.ask(number))
    elif desk.checks.concerns(event):
        values = notice_values(Facts(event, desk.config))
        if values["fault"]:
            words = {"text": desk.note("check_w16", **values), "suggest": desk.note("suggest_w16", **values)}
            desk.checks.tell(event.ticket.id, _finding(values), "duplicate_notice", why=RULE, **words)


def check_words_of_closing(event: TicketEvent, desk: Desk) -> None:
    """The same at the closing, by what the bot has heard: of the message itself it may not have been told (W-16)."""
    here = event.source == desk.crm.source and desk.mode(RULE) != "off"
    if here and Facts(event, desk.config).notice is not None:
        _tell(event, desk, desk.duplicates.others(named(event, desk.config)))


def _tell(event: TicketEvent, desk: Desk, others: Others) -> None:
    found = next((one for one in check_closing(event, desk.config, others).violations if one.rule == RULE), None)
    if found is not None:
        text, suggest = told(found, desk.note)
        words = {"text": text, "suggest": suggest}
        desk.duplicates.tell(event.ticket.id, _finding(found.values), "duplicate_notice", why=RULE, **words)


def _finding(values: Mapping[str, str]) -> str:
    """Return the name of a finding, by which it is told only once, at the message or at the closing."""
    return f"notice:{values['number']}:{values['fault']}"
