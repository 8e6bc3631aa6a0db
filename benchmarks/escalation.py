"""How well the phrases of `escalation.yml` find the line of a chat, and how long the verdict takes."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from benchmarks.corpora import read, scores
from benchmarks.figures import percentile, show
from benchmarks.phrases import PARTS
from config import Config, load
from config.loader import TEMPLATES
from events import TicketEvent
from handlers.escalation import check_escalation

ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}
FOLDER = TEMPLATES.parent / "config"
ANY = "escalate or not"


def main() -> None:
    """Print precision and recall of each line on both parts, and the time a verdict takes."""
    config = load(FOLDER, ENV)
    rows, times = [], []
    for part in PARTS:
        examples = read(f"escalation_{part}")
        labels = sorted({label for example in examples for label in example.labels})
        found = {ANY: escalated(config, part)} | scores(examples, lambda text: line(config, text), labels)
        rows += [[f"{name}, {part}", one.true, one.precision, one.recall] for name, one in found.items()]
        times += [_microseconds(config, example.text) for example in examples]
    show("Which line a chat goes to", ("line, part", "messages", "precision", "recall"), rows)
    show("Time of a verdict", ("messages", "median, µs", "p99, µs"), [["all", median(times), percentile(times, 99)]])


def line(config: Config, text: str) -> list[str]:
    """The line that a message is escalated to; nothing where it is not."""
    verdict = check_escalation(chat(text), config)
    return [verdict.line] if verdict.line and verdict.decision == "escalate" else []


def escalated(config: Config, part: str) -> Any:
    """Whether a message is escalated at all: its precision and recall."""
    examples = [type(one)(frozenset([ANY] if one.labels else []), one.text) for one in read(f"escalation_{part}")]
    return scores(examples, lambda text: [ANY] * len(line(config, text)), [ANY])[ANY]


def chat(text: str) -> TicketEvent:
    """A chat of a customer who has the badge Монетизация, with this message."""
    message = {"id": "m1", "author": {"role": "client"}, "visibility": "public", "text": text}
    client = {"badges": ["Монетизация"]}
    ticket = {"id": "1", "audience": "customer", "channel": "chat", "client": client, "messages": [message]}
    event = {"id": "e1", "type": "ticket.message", "occurred_at": "2026-11-20T16:04:11+03:00"}
    return TicketEvent.model_validate(event | {"ticket": ticket, "message_id": "m1", "agent": {"skills": []}})


def _microseconds(config: Config, text: str) -> float:
    event = chat(text)
    began = time.process_time()
    check_escalation(event, config)
    return (time.process_time() - began) * 1_000_000
