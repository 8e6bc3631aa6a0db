"""The pairs of ticket and issue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from store import links
from store.links import Link, LinkTakenError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAIR = Link("webcrm", "1", "escalation", "main", "10001", "FBO-1", made_by_bot=True)


def test_the_same_pair_twice_is_one_and_either_side_has_one_partner(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        links.add(connection, PAIR, NOW)
        links.add(connection, PAIR, NOW)
        with pytest.raises(LinkTakenError):
            links.add(connection, replace(PAIR, issue_id="10002", issue_key="FBO-2"), NOW)
        with pytest.raises(LinkTakenError):
            links.add(connection, replace(PAIR, ticket_id="2"), NOW)
        assert links.of_ticket(connection, "webcrm", "1", "escalation") == PAIR
        assert links.of_issue(connection, "main", "10001") == PAIR
        assert links.of_issue(connection, "main", "10002") is None


def test_an_issue_that_moved_has_a_key_that_the_ticket_does_not_carry(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        links.add(connection, PAIR, NOW)
        links.key_written(connection, "main", "10001", NOW)
        links.rename(connection, "main", "10001", "FBO-1")
        assert links.of_issue(connection, "main", "10001") == replace(PAIR, key_written_at=NOW)
        links.rename(connection, "main", "10001", "QC-7")
        assert links.of_issue(connection, "main", "10001") == replace(PAIR, issue_key="QC-7")
        links.forget(connection, "main", "10001", NOW)
        assert links.of_issue(connection, "main", "10001") is None
        assert links.is_forgotten(connection, "main", "10001")
        assert not links.is_forgotten(connection, "main", "10002")


def test_a_fields_mark_keeps_what_is_not_written(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert links.mark(connection, "main", "10001", "components") is None
        links.set_mark(connection, "main", "10001", "components", value=["1"], set_at=NOW)
        links.set_mark(connection, "main", "10001", "components", person_at=NOW)
        mark = links.mark(connection, "main", "10001", "components")
    assert mark is not None
    assert (mark.value, mark.set_at, mark.person_at) == (["1"], NOW, NOW)


def test_a_ticket_may_have_had_issues_of_other_groups_before(engine: sa.Engine) -> None:
    second = replace(PAIR, issue_id="10002", issue_key="QC-2", type_id="quality")
    third = replace(PAIR, issue_id="10003", issue_key="ADS-3", type_id="ads")
    with engine.begin() as connection:
        links.add(connection, PAIR, NOW)
        for link in (second, third):
            links.pass_on(connection, link, NOW)
            links.add(connection, link, NOW)
        assert links.of_ticket(connection, "webcrm", "1", "escalation") == third
        assert links.of_ticket(connection, "webcrm", "1", None) == third
        links.take_back(connection, PAIR, NOW)
        assert links.of_ticket(connection, "webcrm", "1", "escalation") == PAIR
        assert [link.former_since for link in links.all_of_ticket(connection, "webcrm", "1")] == [None, NOW, NOW]
