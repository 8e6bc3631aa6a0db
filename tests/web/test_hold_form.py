"""The form of a hold: it names the awaited issue or colleague, and says what is wrong before anything begins."""

from __future__ import annotations

import re

import pytest

from events import TicketEvent
from tests.web.site import Site
from web.agent.hold_form import HoldForm

AGENTS = {"a18": "712020:18"}
ACCOUNT = "5b10ac8d82e05b22cc7d4ef5"
EVENT = {"kind": "ticket", "id": "e1", "type": "ticket.message", "occurred_at": "2026-11-20T10:00:00Z"}
TICKET = TicketEvent.model_validate(EVENT | {"ticket": {"id": "900"}})


def form(**given: str) -> HoldForm:
    """A form that is filled in but for what is given."""
    return HoldForm(**{"kind": "ozon", "text": "Спросили склад", **given})


@pytest.mark.rule("W-53", "W-55", "W-56")
@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "no_reason"),
        ({"reason": "phone"}, "no_reason"),
        ({"kind": "client", "reason": "slack"}, "no_reason"),
        ({"reason": "slack", "text": ""}, "no_text"),
        ({"reason": "slack"}, None),
        ({"reason": "slack", "link": "javascript:alert(1)"}, "wrong_link"),
        ({"reason": "outlook", "link": "https://outlook.example/1"}, None),
        ({"reason": "external_jira"}, "no_key"),
        ({"reason": "external_jira", "key": "двенадцать"}, "wrong_key"),
        ({"reason": "external_jira", "key": "ITSD-1 и ITSD-2"}, "wrong_key"),
        ({"reason": "external_jira", "key": "fbo-7"}, "own_key"),
        ({"reason": "external_jira", "key": " https://jira.example/browse/itsd-12 "}, None),
        ({"reason": "mention"}, "no_colleague"),
        ({"reason": "mention", "colleague": "a99"}, "wrong_colleague"),
        ({"reason": "mention", "colleague": "a18"}, None),
        ({"kind": "seller", "text": ""}, "no_question"),
        ({"kind": "seller"}, None),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], fault: str | None) -> None:
    assert form(**given).fault_of(AGENTS, ["FBO-7"]) == fault


@pytest.mark.parametrize(
    ("given", "awaited"),
    [
        ({"reason": "external_jira", "key": "itsd-12", "colleague": "a18"}, ("ITSD-12", None, None)),
        ({"reason": "mention", "colleague": "a18", "key": "ITSD-12"}, (None, "712020:18", None)),
        ({"reason": "mention", "colleague": f"https://x.example/people/{ACCOUNT}/"}, (None, ACCOUNT, None)),
        ({"reason": "slack", "link": "https://slack.example/1", "key": "x"}, (None, None, "https://slack.example/1")),
    ],
)
def test_the_closing_names_what_belongs_to_its_reason(given: dict[str, str], awaited: tuple[str | None, ...]) -> None:
    event = form(**given).event([TICKET], "Не решена", AGENTS, TICKET.occurred_at)
    detail = event.closing.hold_detail
    assert (event.closing.hold, event.closing.actions_done) == ("ozon", "Спросили склад")
    assert (detail.jira_key, detail.account_id, detail.link) == awaited


def test_a_fault_keeps_what_was_filled_in(site: Site) -> None:
    site.add(case_id="webcrm:900", event=TICKET.model_dump_json())
    answer = site.post(
        "/tickets/webcrm/900/hold", "agent", kind="ozon", reason="external_jira", key="нет", text="Спросили <b>склад"
    )
    assert answer.status_code == 422
    assert "Номера задачи в этом тексте нет" in answer.text
    assert re.search(r"<details class=.drop hold-menu. open>", answer.text)
    assert '<option value="external_jira" selected>' in answer.text
    assert "Спросили &lt;b&gt;склад</textarea>" in answer.text
