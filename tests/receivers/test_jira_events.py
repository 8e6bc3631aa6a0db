"""What Jira's bodies mean, and that no body at all is an accident."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import adf
from events import CommentEvent, FieldChange, IssueEvent, IssueLinkEvent, Person, dump_event, load_event
from receivers.jira_events import NO_CASE, NO_SITE, JiraPlaces, ParsedJira, parse

Read = Callable[[str], dict[str, Any]]
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLACES = JiraPlaces(
    default_site="main",
    hosts={"main": "jira.example.test", "second": "second.example.test:8443"},
    projects={"FBO": "main", "QC": "main", "KSP": "second"},
)
WORKER = Person(account_id="712020:00000000-0000-4000-8000-00000000b021", kind="atlassian")
OPERATOR = Person(account_id="712020:00000000-0000-4000-8000-00000000a017", kind="atlassian")


def understand(body: dict[str, Any], site: str | None = None) -> ParsedJira:
    return parse(body, PLACES, NOW, site)


def issue_event(body: dict[str, Any]) -> IssueEvent:
    parsed = understand(body)
    assert isinstance(parsed.event, IssueEvent), parsed.ignored
    return parsed.event


def comment_event(body: dict[str, Any]) -> CommentEvent:
    parsed = understand(body)
    assert isinstance(parsed.event, CommentEvent), parsed.ignored
    return parsed.event


def test_a_comment_that_comes_as_a_document_is_read_without_what_it_quotes(event: Read) -> None:
    body = event("comment_created__internal")
    body["comment"]["body"] = adf.doc(adf.quote("Где груз?"), adf.paragraph("Груз найден.", adf.strong(" Сегодня")))
    assert comment_event(body).text == "Груз найден.Сегодня"
    body["comment"]["body"] = {"type": "doc", "version": 1, "content": "not a list"}
    assert comment_event(body).text == ""


def test_an_issue_is_known_by_site_and_id(event: Read) -> None:
    created = issue_event(event("issue_created__escalation"))
    assert created.type == "issue.created"
    assert (created.issue.site, created.issue.id, created.issue.key, created.issue.project) == (
        "main",
        "10012",
        "FBO-12",
        "FBO",
    )
    assert created.actor == Person(account_id="712020:00000000-0000-4000-8000-0000000000b0", kind="app")
    assert created.occurred_at == datetime(2026, 11, 20, 13, 5, 2, 120_000, tzinfo=UTC)
    assert created.changed("components")
    assert understand(event("issue_created__escalation")).case == "main:10012"


def test_a_field_is_named_by_its_id_not_as_the_site_displays_it(event: Read) -> None:
    assert issue_event(event("issue_updated__status")).changes == (
        FieldChange(field="status", before="1", after="3", before_text="Открыт", after_text="В работе"),
    )


def test_a_user_field_gives_account_ids(event: Read) -> None:
    (change,) = issue_event(event("issue_updated__assignee")).changes
    assert (change.field, change.before, change.after) == ("assignee", None, WORKER.account_id)


def test_old_bodies_are_read_by_the_english_name_but_never_a_custom_field(event: Read) -> None:
    updated = issue_event(event("issue_updated__without_field_ids"))
    assert [change.field for change in updated.changes] == ["status", "components"]
    assert updated.actor is None


def test_a_move_gives_the_old_and_the_new_key(event: Read) -> None:
    moved = issue_event(event("issue_updated__moved"))
    assert (moved.issue.id, moved.issue.key, moved.issue.project) == ("10012", "QC-77", "QC")
    (key,) = [change for change in moved.changes if change.field == "Key"]
    assert (key.before_text, key.after_text) == ("FBO-12", "QC-77")


def test_a_move_out_of_our_projects_is_still_told(event: Read) -> None:
    assert issue_event(event("issue_updated__moved_away")).issue.key == "SIDE-4"


def test_a_bulk_change_and_one_without_items_are_events_like_any_other(event: Read) -> None:
    assert issue_event(event("issue_updated__bulk")).changed("priority")
    assert issue_event(event("issue_updated__no_items")).changes == ()


def test_a_bare_deletion_is_let_through(event: Read) -> None:
    deleted = issue_event(event("issue_deleted__without_fields"))
    assert (deleted.type, deleted.issue.id, deleted.issue.key, deleted.issue.project) == (
        "issue.deleted",
        "10012",
        None,
        None,
    )


def test_a_comment_carries_its_text_its_author_and_whether_it_is_public(event: Read) -> None:
    seller = comment_event(event("comment_created__from_seller"))
    assert (seller.type, seller.comment_id, seller.public) == ("comment.created", "30501", True)
    assert seller.text.startswith("Водитель заехал, спасибо.\r\n")
    assert seller.actor is not None
    assert seller.actor.kind == "customer"
    assert seller.issue.project == "FBO"


@pytest.mark.rule("W-19")
@pytest.mark.parametrize("flag", [False, None, "true", 1, {}])
def test_only_jira_itself_makes_a_comment_public(event: Read, flag: Any) -> None:
    body = event("comment_created__internal")
    body["comment"]["jsdPublic"] = flag
    assert comment_event(body).public is not True
    del body["comment"]["jsdPublic"]
    assert comment_event(body).public is None


def test_an_edit_is_by_its_update_author_and_a_deletion_by_nobody_known(event: Read) -> None:
    assert comment_event(event("comment_updated__by_other")).actor == OPERATOR
    assert comment_event(event("comment_deleted__plain")).actor is None


@pytest.mark.parametrize("kind", ["created", "deleted"])
def test_a_link_has_ids_only(event: Read, kind: str) -> None:
    body = event(f"issuelink_{kind}__ids_only")
    parsed = understand(body, "main")
    assert isinstance(parsed.event, IssueLinkEvent)
    assert (parsed.event.issue.id, parsed.event.other.id, parsed.event.link_type) == ("10012", "10020", "Blocks")
    assert (parsed.case, parsed.type) == ("main:10012", f"issuelink.{kind}")
    alone = JiraPlaces("main", {"main": "jira.example.test"}, PLACES.projects)
    assert parse(body, alone, NOW).event == parsed.event
    assert understand(body).ignored == NO_SITE  # of two sites it may be either's


@pytest.mark.parametrize(
    ("name", "type_", "case", "why"),
    [
        ("sprint_started__unknown", "sprint_started", NO_CASE, "unknown event sprint_started"),
        (
            "no_event__post_function",
            "unknown",
            "main:10012",
            "no webhookEvent: a body of a post-function or an Automation rule",
        ),
        ("comment_created__without_issue", "comment_created", NO_CASE, "no issue with an id"),
        (
            "issue_created__other_project",
            "jira:issue_created",
            "main:10903",
            "project SIDE of site main is not in jira.yml",
        ),
    ],
)
def test_what_is_ignored_says_why(event: Read, name: str, type_: str, case: str, why: str) -> None:
    parsed = understand(event(name))
    assert (parsed.event, parsed.type, parsed.case, parsed.ignored) == (None, type_, case, why)


def test_a_project_of_another_site_is_not_ours(event: Read) -> None:
    assert understand(event("issue_updated__status"), "second").ignored == (
        "project FBO of site second is not in jira.yml"
    )


@pytest.mark.parametrize(
    ("self_", "named", "site"),
    [
        ("https://jira.example.test/rest/api/2/10012", None, "main"),
        ("https://SECOND.example.test:8443/rest/api/2/issue/10012", None, "second"),
        ("https://second.example.test/rest/api/2/issue/10012", None, "main"),
        ("https://second.example.test:8443/rest", "main", "main"),
        ("https://jira.example.test/rest", "second", "second"),
        ("https://jira.example.test/rest", "third", "main"),
        ("https://[broken", None, "main"),
        (None, None, "main"),
        (7, None, "main"),
    ],
)
def test_the_site_is_named_by_the_url_else_by_the_body(self_: Any, named: str | None, site: str) -> None:
    body = {"webhookEvent": "jira:issue_deleted", "issue": {"id": 10012, "self": self_}}
    parsed = understand(body, named)
    assert (parsed.site, parsed.case) == (site, f"{site}:10012")


@pytest.mark.parametrize(
    "key", ["A-1/../../myself", "FBO-1?x", "fbo-1", "FBO-1\n", "FBO-", "-1", "FBO-١", "F-1 OR 1", "", 5, None, "Ф-1"]
)
def test_a_key_that_is_none_never_survives(event: Read, key: Any) -> None:
    body = event("issue_updated__status")
    body["issue"]["key"] = key
    body["changelog"]["items"].append({"field": "Key", "fromString": key, "toString": key})
    updated = issue_event(body)
    assert (updated.issue.id, updated.issue.key, updated.issue.project) == ("10012", None, "FBO")


@pytest.mark.parametrize("id_", ["10012/../1", "", "١", "1" * 21, -1, 1.5, True, [1], {"id": 1}, None])
def test_an_issue_without_a_real_id_is_ignored(event: Read, id_: Any) -> None:
    body = event("issue_updated__status")
    body["issue"]["id"] = id_
    assert understand(body).ignored == "no issue with an id"


@pytest.mark.parametrize("body", [{"comment": ""}, {"comment": {"id": "x"}}, {}])
def test_a_comment_without_an_id_is_ignored(event: Read, body: dict[str, Any]) -> None:
    whole = event("comment_created__internal")
    del whole["comment"]
    assert understand(whole | body).ignored == "the comment or the linked issue has no id"


BAD: tuple[object, ...] = (0, -1, 10**30, 9e99, "2018-12-20 15:45:59,695", "١", True, None, [], {})


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        (1795179902120, datetime(2026, 11, 20, 13, 5, 2, 120_000, tzinfo=UTC)),
        (1795179902, datetime(2026, 11, 20, 13, 5, 2, tzinfo=UTC)),
        ("1795179902120", datetime(2026, 11, 20, 13, 5, 2, 120_000, tzinfo=UTC)),
        (int((NOW + timedelta(days=2)).timestamp() * 1000), NOW),
        *((bad, NOW) for bad in BAD),
    ],
)
def test_a_timestamp_is_milliseconds_or_seconds_else_the_receipt(timestamp: Any, at: datetime) -> None:
    body = {"webhookEvent": "jira:issue_deleted", "issue": {"id": "1"}, "timestamp": timestamp}
    assert issue_event(body).occurred_at == at


def test_jiras_misspelt_account_id_is_read() -> None:
    body = {"webhookEvent": "jira:issue_deleted", "issue": {"id": "1"}, "user": {"accoundId": "99:27"}}
    assert issue_event(body).actor == Person(account_id="99:27")


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"{PAYLOADS} is absent: captured bodies are not part of the project")
def test_captured_bodies_are_understood_where_their_project_is_ours() -> None:
    """Every issue and link body of the public captures is an event; comments only where they name their issue."""
    everything = JiraPlaces("main", {}, _EveryProject())
    understood = Counter[str]()
    for path in PAYLOADS.glob("*.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        parsed = parse(body, everything, NOW)
        if parsed.event is None:
            assert parsed.ignored is not None
            assert parsed.ignored.startswith(("unknown event", "no webhookEvent", "no issue with an id")), path.name
        else:
            understood[parsed.type] += 1
            assert load_event(dump_event(parsed.event)) == parsed.event
    assert understood["issue.updated"] > 100
    assert min(understood[type_] for type_ in ("issue.created", "comment.created", "issuelink.created")) >= 8


class _EveryProject(dict[str, str]):
    def get(self, key: str, default: Any = None) -> Any:
        return "main"


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_NAMES = (
    "webhookEvent issue id key fields project comment changelog items field fieldId user accountId timestamp "
    "issueLink sourceIssueId destinationIssueId self body from"
)
_names = st.sampled_from(_NAMES.split())
_events = st.sampled_from(["jira:issue_created", "jira:issue_updated", "comment_created", "issuelink_deleted", "x"])
_trees = st.recursive(
    _scalars | _events, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=6)
)


@given(body=st.dictionaries(_names, _trees, max_size=8), name=_events)
@settings(deadline=None, max_examples=300)
def test_any_object_is_an_event_or_a_reason(body: dict[str, Any], name: str) -> None:
    parsed = understand({**body, "webhookEvent": name})
    assert (parsed.event is None) == (parsed.ignored is not None)
    if parsed.event is not None:
        assert load_event(dump_event(parsed.event)) == parsed.event
