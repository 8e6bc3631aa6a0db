"""`procedures`: the table of `handlers/__init__.py` with the rules and words of each procedure."""

from __future__ import annotations

from cli.procedures import printed
from handlers import PROCEDURES


def test_every_procedure_stands_under_its_event_and_says_what_it_does() -> None:
    lines = printed().splitlines()[1:]
    assert len(lines) == sum(map(len, PROCEDURES.values()))
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(PROCEDURES)
    start = next(number for number, line in enumerate(lines) if line.startswith("ticket.closing "))
    assert lines[start].split()[:2] == ["ticket.closing", "hold_answers.follow_ticket"]
    (escalation,) = (line.split() for line in lines[start : start + 4] if "jira_task.escalate_to_jira" in line)
    assert escalation[1:3] == ["W-33…W-51", "W-58…W-65"]
    assert "Create" in escalation
