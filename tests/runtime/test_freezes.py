"""A worker that freezes for longer than lease and settle, while another finishes, doubles nothing when it wakes."""

from __future__ import annotations

from tests.runtime.freezes import freeze_run
from tests.runtime.freezing import SEARCHED, SENDING


def test_a_worker_that_was_frozen_between_the_search_and_the_create_makes_no_second_issue(database_url: str) -> None:
    outcome = freeze_run(database_url, SEARCHED)
    assert outcome.froze
    assert outcome.second == 0, outcome
    assert outcome.right, outcome


def test_a_second_issue_of_a_worker_that_was_frozen_within_the_call_is_told_of(database_url: str) -> None:
    outcome = freeze_run(database_url, SENDING)
    assert outcome.froze
    assert outcome.second == 1, outcome
    assert outcome.right, outcome
