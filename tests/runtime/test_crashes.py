"""kill -9 of a worker at every boundary: one issue, one write-back, nothing lost."""

from __future__ import annotations

import pytest

from tests.runtime.crashes import BOUNDARIES, crash_run
from tests.runtime.zygote import Boundary


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
def test_a_worker_that_is_killed_leaves_one_issue_and_one_write_back(database_url: str, boundary: Boundary) -> None:
    outcome = crash_run(database_url, boundary)
    assert outcome.right, outcome
