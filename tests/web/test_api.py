"""What programs are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import browse
from tests.web.site import NOW, Site


def test_a_delivery_and_its_ledger(any_site: Site) -> None:
    number = any_site.add(delivery_id="evt-1", case_id="webcrm:7", attempts=2)
    any_site.step(number, rule="W-40", verb="create_issue", target="FBO-1", before=None, after={"a": [1, "два"]})
    any_site.step(number, outcome="put_off", reason="busy", done_at=None)
    answer = any_site.api("/deliveries/webcrm/evt-1")
    assert answer.status_code == 200
    assert answer.json == {
        "id": number,
        "source": "webcrm",
        "delivery_id": "evt-1",
        "status": "done",
        "reason": None,
        "type": "ticket.closing",
        "case": "webcrm:7",
        "attempts": 2,
        "received_at": NOW.isoformat(),
        "due_at": None,
        "finished_at": None,
        "ledger": [
            {
                "rule": "W-40",
                "verb": "create_issue",
                "target": "FBO-1",
                "mode": "act",
                "outcome": "done",
                "before": None,
                "after": {"a": [1, "два"]},
                "reason": None,
                "at": (NOW + timedelta(seconds=1)).isoformat(),
            },
            {
                "rule": "W-64",
                "verb": "write_key",
                "target": "23814352",
                "mode": "act",
                "outcome": "put_off",
                "before": None,
                "after": None,
                "reason": "busy",
                "at": NOW.isoformat(),
            },
        ],
    }


@pytest.mark.parametrize("path", ["/webcrm/no", "/no/evt-1", "/webcrm/%00", "/%00/x", "/webcrm/" + "x" * 300])
def test_an_unknown_delivery_is_404(any_site: Site, path: str) -> None:
    answer = any_site.api(f"/deliveries{path}")
    assert answer.status_code == 404
    assert answer.json["error"]["problem"] == "no such delivery"


def test_an_unknown_address_is_404_in_json(site: Site) -> None:
    answer = site.api("/no-such-thing")
    assert answer.status_code == 404
    assert "error" in answer.json
    refused = site.api("/deliveries", method="DELETE")
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]


def test_an_identifier_may_have_a_slash(site: Site) -> None:
    site.add(source="jira", delivery_id="a/b/replay")
    assert site.api("/deliveries/jira/a/b/replay").json["delivery_id"] == "a/b/replay"


def test_lists_are_walked_by_the_next_of_the_answer_before(site: Site) -> None:
    numbers = [site.add(state="dead" if n % 2 else "done", case_id="webcrm:7") for n in range(browse.PAGE + 10)]
    first = site.api("/deliveries?case=webcrm:7").json
    assert [row["id"] for row in first["deliveries"]] == numbers[: -browse.PAGE - 1 : -1]
    second = site.api(f"/deliveries?case=webcrm:7&after={first['next']}").json
    assert [row["id"] for row in second["deliveries"]] == numbers[9::-1]
    assert second["next"] is None
    dead = site.api("/deliveries?state=dead").json["deliveries"]
    assert {row["status"] for row in dead} == {"dead"}
    assert "ledger" not in dead[0]


def test_replay(any_site: Site) -> None:
    number = any_site.add(delivery_id="evt-1", state="dead", reason="503", attempts=6)
    answer = any_site.api("/deliveries/webcrm/evt-1/replay", method="POST")
    assert (answer.status_code, answer.json) == (202, {"status": "waiting"})
    told = any_site.api("/deliveries/webcrm/evt-1").json
    assert (told["status"], told["reason"], told["attempts"]) == ("waiting", None, 0)
    assert told["due_at"] is not None
    assert any_site.state(number) == "waiting"


def test_replay_of_what_cannot_be(site: Site) -> None:
    site.add(delivery_id="running", state="running")
    site.add(delivery_id="strange", state="ignored", event=None)
    for name in ("running", "strange"):
        assert site.api(f"/deliveries/webcrm/{name}/replay", method="POST").status_code == 409
    assert site.api("/deliveries/webcrm/none/replay", method="POST").status_code == 404


def test_openapi_names_this_server(site: Site) -> None:
    document = site.client.get("/openapi.json").json
    assert document["openapi"].startswith("3.")
    assert document["servers"] == [{"url": "http://localhost"}]
