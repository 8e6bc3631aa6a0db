"""404 is "not seen", which ends nothing by itself: an expired token, a lost right and a deleted issue look the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from events import load_event
from runtime.dry_run import Understood, run_dry
from store.tables import alerts, deliveries
from tests.bot import Bot
from tests.handlers.request_life import CLIENT, ask, chat, crm_request, finish, fire_after, prepare, rows, states
from tests.handlers.test_hand_made import ADMIN, comments, components, make, person
from tests.handlers.test_holds import SELLER, for_ozon, for_seller, hold, internally, says, status
from tests.handlers.test_jira_task import notes
from tests.handlers.test_requests_in_jira import asked
from tests.tickets import closing, ticket


def hide(bot: Bot, key: str, times: int = 1) -> None:
    """The next reads of an issue are answered by 404."""
    for address in (key, bot.sandbox.issue(key)["id"]):
        bot.sandbox.fault(system="jira", match=f"GET /rest/api/3/issue/{address}", status=404, times=times)


def vanish(bot: Bot, key: str) -> None:
    """An issue goes, and no webhook tells of it."""
    with bot.sandbox.state.lock:
        issue = bot.sandbox.state.jira.find(key)
        assert issue is not None
        bot.sandbox.state.jira.remove(issue)


def blind(bot: Bot) -> None:
    """The bot loses its right to see projects."""
    bot.sandbox.permissions(BROWSE_PROJECTS=False)


def alerted(bot: Bot, of: str = "unseen") -> list[str]:
    """The alerts that were raised of what is not seen, or of something else."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(alerts.c.text).where(alerts.c.key.startswith(f"{of}:"))).scalars())


def unfinished(bot: Bot) -> list[str]:
    """The states of the deliveries that are not over."""
    with bot.engine.connect() as connection:
        found = sa.select(deliveries.c.state).where(deliveries.c.state.not_in(("done", "ignored")))
        return list(connection.execute(found).scalars())


@pytest.mark.rule("U-30")
def test_one_404_while_the_timer_fires_withdraws_no_request(bot: Bot) -> None:
    _, key = asked(bot)
    hide(bot, key)
    fire_after(bot, "24h")
    assert states(bot) == [(1, "open", None)]
    assert any("Напоминаем" in line for line in chat(bot, "ff"))


@pytest.mark.rule("U-30")
def test_an_issue_that_is_gone_unheard_withdraws_its_request(bot: Bot) -> None:
    number, key = asked(bot)
    vanish(bot, key)
    fire_after(bot, "24h")
    assert states(bot) == [(1, "withdrawn", "issue_gone")]
    assert "больше нет" in notes(bot, {"ticket": {"id": number}})[-1]
    assert alerted(bot) == []


@pytest.mark.rule("U-30")
def test_reminders_go_out_although_the_bot_sees_nothing(any_bot: Bot) -> None:
    bot = any_bot
    number, _ = asked(bot)
    blind(bot)
    for _ in range(3):
        fire_after(bot, "24h")
    assert states(bot) == [(1, "open", None)]
    assert len([line for line in chat(bot, "ff") if "Напоминаем" in line]) == 1
    assert any("не ответил" in text for text in notes(bot, {"ticket": {"id": number}}))
    assert len(chat(bot, "lead")) == 1
    assert unfinished(bot) == []
    assert "FBO" in alerted(bot)[0]
    assert len(alerted(bot)) == 3  # one for each day


@pytest.mark.rule("U-30")
def test_a_token_that_expired_withdraws_no_request(bot: Bot) -> None:
    _, key = asked(bot)
    bot.sandbox.fault(system="jira", match="GET /rest/api/3/issue/*", status=404, times=50)  # what anybody may see
    bot.sandbox.fault(system="jira", match="GET /rest/api/3/myself", status=401, times=50)
    fire_after(bot, "24h")
    assert states(bot) == [(1, "open", None)]
    assert any("Напоминаем" in line for line in chat(bot, "ff"))
    bot.sandbox.call("DELETE", "/sandbox/faults")
    finish(bot)
    assert states(bot) == [(1, "open", None)]
    assert any("Напоминаем" in text for text in comments(bot, key))


@pytest.mark.rule("W-71", "W-76")
@pytest.mark.parametrize("begin", [for_ozon, for_seller])
def test_the_owner_of_a_hold_is_told_that_it_is_due_although_the_bot_sees_nothing(
    bot: Bot, begin: Callable[[Bot], dict[str, dict[str, str]]]
) -> None:
    event = begin(bot)
    key = bot.sandbox.issues()[0]["key"]
    blind(bot)
    fire_after(bot, "24h")
    assert "срок ожидания вышел" in notes(bot, event)[-1]
    assert key in notes(bot, event)[-1]
    assert unfinished(bot) == []


@pytest.mark.rule("W-76")
def test_an_answer_waits_until_the_bot_sees_the_issue_again(bot: Bot) -> None:
    for_seller(bot)
    key = bot.sandbox.issues()[0]["key"]
    blind(bot)
    says(bot, SELLER, key, "Двадцать пятого.")
    assert hold(bot).ended_at is None
    assert unfinished(bot) == ["waiting"]
    bot.hurry()
    bot.work()
    assert len(alerted(bot)) == 1  # however often it is tried
    bot.sandbox.permissions(BROWSE_PROJECTS=True)
    bot.hurry()
    bot.work()
    assert hold(bot).ended_why == "answered"
    assert status(bot, key) == "Ожидает обработки"


@pytest.mark.rule("W-70")
def test_what_was_done_is_heard_although_the_issue_was_not_seen_once(bot: Bot) -> None:
    for_ozon(bot, actions_done="")
    key = bot.sandbox.issues()[0]["key"]
    hide(bot, key)
    internally(bot, key, "Запросил пропуск.")
    assert hold(bot).stage == "waiting"
    assert status(bot, key) == "Ожидает обработки"


@pytest.mark.rule("W-66")
def test_a_label_that_asks_for_a_hold_is_not_forgotten(bot: Bot) -> None:
    key = make(bot)["key"]
    blind(bot)
    person(bot, "PUT", f"/issue/{key}", {"update": {"labels": [{"add": "hold-ozon"}]}}, ADMIN)
    assert unfinished(bot) == ["waiting"]
    bot.sandbox.permissions(BROWSE_PROJECTS=True)
    bot.hurry()
    bot.work()
    assert (hold(bot).kind, unfinished(bot)) == ("ozon", [])


def test_who_is_never_let_see_again_gets_a_dead_letter_that_says_what_to_do(bot: Bot) -> None:
    for_seller(bot)
    blind(bot)
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "Двадцать пятого.")
    for _ in range(7):
        bot.hurry()
        bot.work()
    assert unfinished(bot) == ["dead"]
    assert hold(bot).ended_at is None
    assert len(alerted(bot)) == 1
    assert "Browse Projects" in alerted(bot)[0]
    with bot.engine.connect() as connection:
        reason = connection.execute(sa.select(deliveries.c.reason).where(deliveries.c.state == "dead")).scalar_one()
    assert "Browse Projects" in reason
    assert reason.endswith("(7 attempts)")
    assert "Browse Projects" in alerted(bot, "dead")[0]


@pytest.mark.rule("W-33")
def test_a_hold_whose_issue_was_not_seen_once_gets_no_second_issue(bot: Bot) -> None:
    event = for_ozon(bot)
    (issue,) = bot.sandbox.issues()
    hide(bot, issue["key"])
    again = bot.sandbox.ticket(event["ticket"]["id"]) | {"status": "В работе"}
    bot.sandbox.put_ticket(again)
    assert bot.crm(closing(again, id="again")) == 202
    bot.work()
    assert [one["key"] for one in bot.sandbox.issues()] == [issue["key"]]
    assert components(bot, issue["key"]) == ["FF:Хоругвино"]


@pytest.mark.rule("W-64")
def test_a_pasted_key_that_was_not_seen_once_is_taken(bot: Bot) -> None:
    key = make(bot)["key"]
    made = ticket(jira_key=key)
    bot.sandbox.put_ticket(made)
    hide(bot, key)
    assert bot.crm(closing(made)) == 202
    bot.work()
    assert bot.sandbox.ticket(made["id"])["status"] == "Закрыт"
    assert notes(bot, {"ticket": made}) == []


@pytest.mark.rule("W-64")
@pytest.mark.parametrize("sees", [True, False])
def test_a_ticket_that_an_issue_names_is_looked_for_twice(bot: Bot, sees: bool) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    times = 1 if sees else 50
    bot.sandbox.fault(system="webcrm", match=f"GET /webcrm/tickets/{made['id']}", status=404, times=times)
    if not sees:
        bot.sandbox.fault(system="webcrm", match="GET /webcrm/tickets/0", status=403)
    key = make(bot, customfield_10050=made["id"])["key"]
    if not sees:
        assert unfinished(bot) == ["waiting"]
        assert "WebCRM" in alerted(bot)[0]
        bot.sandbox.call("DELETE", "/sandbox/faults")
        bot.hurry()
        bot.work()
    assert bot.sandbox.ticket(made["id"])["jira_key"] == key


@pytest.mark.rule("W-64")
def test_a_key_is_written_although_its_ticket_was_not_seen_once(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    assert bot.crm(closing(made)) == 202
    bot.work()
    bot.sandbox.put_ticket(bot.sandbox.ticket(made["id"]) | {"status": "В работе", "jira_key": None})
    bot.sandbox.fault(system="webcrm", match=f"GET /webcrm/tickets/{made['id']}", status=404)
    assert bot.crm(closing(bot.sandbox.ticket(made["id"]), id="again")) == 202
    bot.work()
    assert bot.sandbox.ticket(made["id"])["jira_key"] == bot.sandbox.issues()[0]["key"]


@pytest.mark.rule("U-16")
def test_a_request_that_names_a_task_which_is_not_there_is_told(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket(ticket(id="23814352"))
    event = crm_request(jira_key="NOPE-77")
    assert bot.crm(event) == 202
    finish(bot, 2)
    assert [(row.issue_key, row.state) for row in rows(bot)] == [(None, "open")]
    (told,) = [text for text in notes(bot, event) if "NOPE-77" in text]
    assert "U-16" in told


def test_a_dry_run_alerts_nobody(bot: Bot) -> None:
    for_seller(bot)
    blind(bot)
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "Двадцать пятого.")
    with bot.engine.begin() as connection:
        connection.execute(sa.delete(alerts))
        event = connection.execute(sa.select(deliveries.c.event).where(deliveries.c.state == "waiting")).scalar_one()
    understood = Understood("comment.created", "case", load_event(event))
    found = run_dry(bot.process.factory, bot.reloader.current(), understood)
    assert "Browse Projects" in (found.stopped or "")
    assert alerted(bot) == []


@pytest.mark.rule("U-14")
def test_a_clients_ticket_in_usedesk_is_looked_for_twice(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.fault(system="usedesk", match="POST /usedesk/ticket", status=404)
    ask(bot)
    assert [(row.ticket_id, row.state) for row in rows(bot)] == [(str(CLIENT), "open")]


@pytest.mark.rule("W-53")
def test_the_agent_is_told_that_the_awaited_task_is_not_there(bot: Bot) -> None:
    event = for_ozon(bot, hold_detail={"reason": "external_jira", "jira_key": "NOPE-77"})
    (told,) = [text for text in notes(bot, event) if "NOPE-77, но бот её в Jira не видит" in text]
    assert "W-53" in told
    assert hold(bot).stage == "waiting"
    assert bot.sandbox.ticket(event["ticket"]["id"])["status"] == "Закрыт"
    finish(bot)
    assert notes(bot, event).count(told) == 1
