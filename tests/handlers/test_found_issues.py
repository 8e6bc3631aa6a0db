"""What search shows, or a link remembers, may be gone: an issue is read by its id before it is taken over."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import links
from tests.bot import Bot
from tests.handlers.test_closed_again import close, keys, put, reopened, standing
from tests.handlers.test_hand_made import ADMIN, make, person
from tests.handlers.test_holds import ACTIONS, for_ozon, hold
from tests.handlers.test_jira_task import notes
from tests.handlers.test_not_seen import alerted, blind, hide, unfinished, vanish
from tests.tickets import closing, ticket


def linger(bot: Bot) -> None:
    """From now on search shows what was."""
    bot.sandbox.search_lag(3600)


def linked(bot: Bot) -> list[str]:
    """The keys that are linked to tickets."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(links.c.issue_key).order_by(links.c.id)).scalars())


def closed_again(bot: Bot, made: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    """The ticket is opened and closed once more."""
    return close(bot, reopened(bot, made["id"]), "again", **chosen)


@pytest.mark.rule("W-64")
def test_an_issue_that_was_deleted_is_not_taken_over_while_search_shows_it(any_bot: Bot) -> None:
    bot = any_bot
    made = put(bot)
    close(bot, made, "a")
    linger(bot)
    person(bot, "DELETE", "/issue/FBO-1", who=ADMIN)
    event = closed_again(bot, made)
    assert keys(bot) == linked(bot) == ["FBO-2"]
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")
    assert len(notes(bot, event)) == 1
    assert unfinished(bot) == []


@pytest.mark.rule("W-66")
def test_the_issue_of_a_hold_that_was_deleted_is_not_taken_over_either(bot: Bot) -> None:
    event = for_ozon(bot)
    linger(bot)
    person(bot, "DELETE", "/issue/FBO-1", who=ADMIN)
    closed_again(bot, event["ticket"], hold="ozon", actions_done=ACTIONS)
    assert keys(bot) == linked(bot) == ["FBO-2"]
    assert hold(bot).ended_at is None
    assert unfinished(bot) == []


@pytest.mark.rule("W-60")
def test_an_issue_that_a_person_labelled_and_deleted_is_not_taken_over(bot: Bot) -> None:
    made = put(bot)
    key = make(bot, labels=[])["key"]
    bot.sandbox.call("PUT", f"/rest/api/3/issue/{key}", {"update": {"labels": [{"add": f"webcrm-{made['id']}"}]}})
    linger(bot)
    vanish(bot, key)
    close(bot, made, "a")
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")


@pytest.mark.rule("W-60")
def test_an_issue_whose_label_was_taken_away_is_not_taken_over_while_search_shows_it(bot: Bot) -> None:
    made = put(bot)
    label = f"webcrm-{made['id']}"
    key = make(bot)["key"]
    with bot.sandbox.state.lock:  # unheard, or the issue would be linked at once
        issue = bot.sandbox.state.jira.find(key)
        assert issue is not None
        issue.fields["labels"] = (label,)
        bot.sandbox.state.jira.index.note(issue)
        issue.fields["labels"] = ()
    close(bot, made, "a")
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")


@pytest.mark.rule("W-64")
def test_an_issue_whose_link_was_just_forgotten_is_not_taken_over(bot: Bot) -> None:
    """Jira told that it was deleted, and one of its machines does not know that yet."""
    made = put(bot)
    close(bot, made, "a")
    issue = bot.sandbox.issue("FBO-1")
    body = {
        "webhookEvent": "jira:issue_deleted",
        "timestamp": 1,
        "issue": {name: issue[name] for name in ("id", "key")},
    }
    body["issue"]["fields"] = {"project": {"key": "FBO"}}  # type: ignore[index]
    body["user"] = {"accountId": ADMIN, "accountType": "atlassian"}
    assert bot.jira(body) == 202
    bot.work()
    assert linked(bot) == []
    closed_again(bot, made)
    assert linked(bot) == ["FBO-2"]


@pytest.mark.rule("W-64")
def test_an_issue_that_is_gone_unheard_is_made_anew(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    vanish(bot, "FBO-1")
    closed_again(bot, made)
    assert keys(bot) == linked(bot) == ["FBO-2"]
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")


@pytest.mark.rule("W-66")
@pytest.mark.parametrize("first", ["ozon", None])
def test_a_hold_does_not_take_over_an_issue_that_is_gone_unheard(bot: Bot, first: str | None) -> None:
    made = put(bot)
    close(bot, made, "a", hold=first, actions_done=ACTIONS)
    vanish(bot, "FBO-1")
    closed_again(bot, made, hold="ozon", actions_done=ACTIONS)
    assert keys(bot) == linked(bot) == ["FBO-2"]
    assert (hold(bot).issue_id, hold(bot).ended_at) == (bot.sandbox.issue("FBO-2")["id"], None)
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")


@pytest.mark.rule("W-64")
@pytest.mark.parametrize("times", [1, 50])
def test_an_issue_that_is_not_seen_gets_no_second_one(bot: Bot, times: int) -> None:
    made = put(bot)
    close(bot, made, "a")
    hide(bot, "FBO-1", times)
    if times > 1:
        blind(bot)
    assert bot.crm(closing(reopened(bot, made["id"]), id="again")) == 202
    bot.work()
    assert keys(bot) == ["FBO-1"]
    assert (bot.delivery("again").state, len(alerted(bot))) == (("waiting", 1) if times > 1 else ("done", 0))


@pytest.mark.rule("W-63")
def test_a_ticket_that_has_its_issue_may_be_closed_without_a_word(bot: Bot) -> None:
    made = ticket(messages=[])
    bot.sandbox.put_ticket(made)
    close(bot, made, "a")
    closed_again(bot, made, description="")
    assert (keys(bot), standing(bot, made["id"])) == (["FBO-1"], ("FBO-1", "Закрыт"))
