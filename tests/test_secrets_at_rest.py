"""What people wrote that no rule needs is not kept: passwords, tokens, numbers of bank cards."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from events import TicketEvent, dump_event, load_event
from events.secrets import HIDDEN, hide_secrets
from store.tables import deliveries, ledger
from store.tables.requests import requests
from tests.bot import Bot
from tests.tickets import FBO, closing, ticket

SAID = "Не войти: пароль от кабинета: Zima2026! Карта 4276 1600 1234 5675, токен token=abc-777. Тел. не отвечает."
SECRETS = ("Zima2026", "4276 1600", "abc-777")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("пароль: abc", HIDDEN),
        ("пароль от личного кабинета - Vesna!1 не подходит", f"пароль от личного кабинета {HIDDEN} не подходит"),
        ("мой пароль qwerty12, логин тот же", f"мой пароль {HIDDEN}, логин тот же"),
        ("pwd=s3cret", f"pwd{HIDDEN}"),
        ("карта 4276160012345675", f"карта {HIDDEN}"),
        ("4276-1600-1234-5675", HIDDEN),
    ],
)
def test_a_secret_is_hidden(text: str, left: str) -> None:
    assert hide_secrets(text) == left
    assert hide_secrets(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "пароль не подходит",
        "просят сменить пароль для входа",
        "поставка 2000012345, заказ 79000000-0001-1",
        "отправление 4276160012345675",  # sixteen digits that are no card's
        "карта 4276 1600 1234 5674",  # no card has this number
        "https://webcrm.example/tickets/23814352",
    ],
)
def test_what_a_rule_may_need_stays(text: str) -> None:
    assert hide_secrets(text) == text


def test_an_address_with_a_token_and_ids_stay_as_they_are() -> None:
    url = "https://webcrm.example/t?token=abcdefgh"
    event = TicketEvent.model_validate(closing(ticket(id="7", url=url, subject=SAID), id="evt-1"))
    kept = load_event(dump_event(event))
    assert isinstance(kept, TicketEvent)
    assert (kept.ticket.url, kept.ticket.id) == (url, "7")
    assert not any(secret in str(kept.ticket.subject) for secret in SECRETS)


def test_nothing_in_the_store_has_it_and_the_delivery_runs_and_runs_again(any_bot: Bot) -> None:
    said = {"id": "m1", "author": {"role": "partner"}, "visibility": "public", "text": SAID}
    about = any_bot.sandbox.put_ticket(ticket(id="7", type=FBO, messages=[said]))
    assert any_bot.crm(closing(about, id="evt-1", description=SAID)) == 202
    asked = {"id": "r-1", "department": "service", "text": SAID}
    assert (
        any_bot.crm({**closing(about, id="evt-2"), "type": "request.created", "closing": {}, "request": asked}) == 202
    )
    any_bot.work()
    assert any_bot.delivery("evt-1").state == any_bot.delivery("evt-2").state == "done"
    with any_bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(state="waiting", due_at=deliveries.c.received_at))
    any_bot.work()
    assert len(any_bot.sandbox.issues()) == 1
    with any_bot.engine.connect() as connection:
        kept = [str(row) for table in (deliveries, ledger, requests) for row in connection.execute(sa.select(table))]
        assert connection.execute(sa.select(requests.c.text)).scalar()
    assert not [secret for secret in SECRETS if secret in "\n".join(kept)]
