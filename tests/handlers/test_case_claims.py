"""A claim in the carrier's own Jira, which is a second site, and its answer (J-44, J-46, J-47)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.adf_text import plain_text
from sandbox.live import LiveSandbox
from tests.bot import Bot
from tests.handlers import case_life as life
from tests.handlers.case_life import PERSON, notes, start, the_case

LATE = {"kind": "Задержка курьера", "order_no": "7654321", "handed_over": "16.11.2026"}
LATE |= {"city": "Алматы", "platform": "Kaspi"}
CARRIER = """  carrier:
    url: ${CARRIER_URL}
    user: ${JIRA_USER}
    token: ${JIRA_TOKEN}
"""


@pytest.fixture
def carrier(bot: Bot, tmp_path: Path) -> Iterator[LiveSandbox]:
    """The carrier's Jira, in which the bot may write; its webhooks come to the same bot."""
    folder = tmp_path / "carrier"
    folder.mkdir()
    with LiveSandbox(bot_url=bot.sandbox.state.settings.bot_url, data_dir=folder) as running:
        life.prepare(bot)
        bot.set_mode("J-44", "act")
        config = Path(bot.env["CONFIG_DIR"])
        cases, jira = config / "cases.yml", config / "jira.yml"
        cases.write_text(cases.read_text().replace("claims: null", "claims: DESK"))
        head, next_table, tail = jira.read_text().partition("\n# Как часто сверяться")
        tail = tail.replace("  DESK:\n", "  DESK:\n    site: carrier\n    issue_type: {claim: Задача}\n")
        jira.write_text(f"{head}{CARRIER}{next_table}{tail}")
        bot.set_config(CARRIER_URL=running.url)
        bot.restart_receivers()
        yield running


def answer(bot: Bot, carrier: LiveSandbox, key: str, text: str) -> None:
    """The carrier writes in the claim."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    body = {"body": {"type": "doc", "version": 1, "content": [paragraph]}}
    carrier.call_as(PERSON, "POST", f"/rest/api/3/issue/{key}/comment", body)
    carrier.drain()
    life.finish(bot)


def claims(site: LiveSandbox) -> list[dict[str, Any]]:
    """The issues of a site in the carrier's project."""
    return [one for one in site.issues() if one["key"].startswith("DESK-")]


@pytest.mark.rule("J-44", "J-46", "J-47")
def test_a_claim_on_a_second_site_and_its_answer(bot: Bot, carrier: LiveSandbox) -> None:
    of = start(bot, LATE)
    carrier.drain()
    life.finish(bot)
    (claim,) = claims(carrier)
    assert (the_case(bot).facts["claim"], claims(bot.sandbox)) == (claim["key"], [])
    assert the_case(bot).site == "main"
    assert "задержка 4 дн." in plain_text(claim["fields"]["description"])
    assert "Пришло не то" not in plain_text(claim["fields"]["description"])  # no word of the client's
    assert "ждём ответа от менеджеров Каспи" in notes(bot, of, draft=True)[-1]
    answer(bot, carrier, claim["key"], "Привезём завтра.")
    assert "Привезём завтра." in notes(bot, of, draft=True)[-1]
    assert (life.dead(bot), len(life.rows(bot)), len(claims(carrier))) == ([], 1, 1)


@pytest.mark.rule("J-44")
def test_a_claim_waits_while_the_carriers_jira_is_down_and_is_made_once(bot: Bot, carrier: LiveSandbox) -> None:
    carrier.fault(system="jira", match="POST /rest/api/3/issue", status=500, after_effect=True)
    of = start(bot, LATE)
    life.finish(bot)
    (claim,) = claims(carrier)
    assert the_case(bot).facts["claim"] == claim["key"]
    assert the_case(bot).issue_key in [one["key"] for one in bot.sandbox.issues()]
    assert (len(notes(bot, of, draft=True)), life.dead(bot)) == (1, [])
