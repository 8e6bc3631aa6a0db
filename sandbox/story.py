"""`python -m sandbox.story`: plays sample tickets through a running bot and tells what became of each.

Everything goes over HTTP, as a CRM and a Jira would do it; the exit status is 0 when all came out as expected.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import yaml

from sandbox.story_case import play_case
from sandbox.story_chats import play_chat
from sandbox.story_incident import play_incident

SAMPLES = Path(__file__).with_name("story.yml")
FINAL = {"done", "ignored", "failed", "dead"}
WAIT_SECONDS = 90  # a retry after a 500 alone takes 5 s, and Jira's search may lag
TIMEOUT = 10
ACCEPTED = 202


@dataclass(frozen=True)
class Sample:
    """One scene: a ticket that is closed, what goes wrong on the way, and what is expected."""

    title: str
    ticket: dict[str, Any]
    closing: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    twice: bool = False
    issues: int = 1
    component: str | None = None
    says: str | None = None
    status: str | None = None
    ends: str | None = None
    then: list[dict[str, str]] = field(default_factory=list)


class StoryWorld:
    """The bot and the sandbox by their addresses."""

    def __init__(self, env: dict[str, str]) -> None:
        self.bot = f"http://127.0.0.1:{env.get('PORT', '8080')}"
        self.sandbox = f"http://127.0.0.1:{env.get('SANDBOX_PORT', '8090')}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._api = {"Authorization": f"Bearer {env.get('API_TOKENS', 'sandbox-api-token').split(',')[0]}"}
        self._crm = {"Authorization": f"Bearer {env.get('WEBCRM_TOKEN', 'sandbox-webcrm-token')}"}
        self.usedesk_token = env.get("USEDESK_TOKEN", "sandbox-usedesk-token")
        self._jira = (env.get("JIRA_USER", "bot@example.test"), env.get("JIRA_TOKEN", "sandbox"))

    def ask(self, method: str, url: str, **options: Any) -> Any:
        """Call and read the JSON of the answer; requests' own errors are raised."""
        answer = self._session.request(method, url, timeout=TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def is_new(self) -> bool:
        """Whether the bot has not had any delivery yet."""
        listed = self.ask("GET", f"{self.bot}/api/deliveries", headers=self._api)
        return not listed["deliveries"]

    def knows(self, delivery_id: str) -> bool:
        """Whether the bot has had a delivery of WebCRM."""
        url = f"{self.bot}/api/deliveries/webcrm/{delivery_id}"
        return bool(self._session.get(url, timeout=TIMEOUT, headers=self._api).ok)

    def put_ticket(self, ticket: dict[str, Any]) -> None:
        """Put a ticket into the CRM."""
        self.ask("PUT", f"{self.sandbox}/sandbox/webcrm/tickets/{ticket['id']}", json=ticket)

    def fault(self, fault: dict[str, Any]) -> None:
        """Make Jira's next calls fail."""
        self.ask("POST", f"{self.sandbox}/sandbox/faults", json=fault)

    def comment(self, key: str, who: str, text: str) -> None:
        """Somebody writes in an issue where the customer reads it."""
        url = f"{self.sandbox}/rest/servicedeskapi/request/{key}/comment"
        self.ask("POST", url, json={"body": text, "public": True}, headers={"X-Sandbox-As": who})

    def status_becomes(self, key: str, wanted: str) -> bool:
        """Wait until an issue stands in a status."""
        url = f"{self.sandbox}/rest/api/3/issue/{key}?fields=status"
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if self.ask("GET", url, auth=self._jira)["fields"]["status"]["name"] == wanted:
                return True
            time.sleep(0.1)
        return False

    def move_clock(self, **move: str) -> None:
        """Move the sandbox's clock: `set` or `advance`."""
        self.ask("POST", f"{self.sandbox}/sandbox/clock", json=move)

    def said_in(self, ticket: int, words: str) -> bool:
        """Wait until a comment with these words stands in a ticket of Usedesk."""
        url = f"{self.sandbox}/sandbox/usedesk/tickets/{ticket}"
        return self.wait_for(lambda: any(words in one["message"] for one in self.ask("GET", url)["comments"]))

    @staticmethod
    def wait_for(true: Callable[[], bool]) -> bool:
        """Ask until it is so; False when that takes too long."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if true():
                return True
            time.sleep(0.2)
        return False

    def send(self, event: dict[str, Any]) -> int:
        """Let the CRM send an event; the status that the bot answered."""
        sent = self.ask("POST", f"{self.sandbox}/sandbox/webcrm/send", json={"event": event})
        return int(sent["status"])

    def close(self, ticket: dict[str, Any], closing: dict[str, Any]) -> str:
        """Let a ticket be closed; what the delivery became."""
        self.put_ticket(ticket)
        event = event_of(Sample("", ticket, closing))
        self.send(event)
        return str(self.outcome(event["id"])["status"])

    def noted(self, ticket_id: str, words: str) -> bool:
        """Wait until an internal note with these words stands in a ticket."""
        return self.wait_for(lambda: any(words in one["text"] for one in self.ticket(ticket_id)["messages"]))

    def outcome(self, delivery_id: str) -> dict[str, Any]:
        """Wait until the bot is done with a delivery; its status and ledger."""
        deadline = time.monotonic() + WAIT_SECONDS
        url = f"{self.bot}/api/deliveries/webcrm/{delivery_id}"
        while True:
            found: dict[str, Any] = self.ask("GET", url, headers=self._api)
            if found["status"] in FINAL or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """A ticket as it stands in the CRM."""
        found: dict[str, Any] = self.ask("GET", f"{self.sandbox}/webcrm/tickets/{ticket_id}", headers=self._crm)
        return found

    def issues(self, ticket_id: str) -> list[dict[str, Any]]:
        """The issues of a ticket, by their label; search lags, so ask until it shows what the ticket names."""
        query = {"jql": f'labels = "webcrm-{ticket_id}"', "fields": ["summary", "components", "status"]}
        url = f"{self.sandbox}/rest/api/3/search/jql"
        found: list[dict[str, Any]] = self.ask("POST", url, json=query, auth=self._jira)["issues"]
        return found


def event_of(sample: Sample) -> dict[str, Any]:
    """The event of the sample's closing."""
    ticket = sample.ticket
    return {
        "id": f"story-{ticket['id']}",
        "type": "ticket.closing",
        "occurred_at": "2026-11-20T16:04:11+03:00",
        "ticket": ticket,
        "agent": {"id": "a17", "name": "Вера Примерова", "gender": "f", "status": "На линии"},
        "closing": {"resolution": "Не решена", "create_jira": True, **sample.closing},
    }


def samples(sandbox: str, file: Path = SAMPLES) -> Iterator[Sample]:
    """The scenes of the file, each ticket over the common one; `sandbox` is its address."""
    story = yaml.safe_load(file.read_text())
    for number, scene in enumerate(story["scenes"], start=1):
        own = scene.pop("ticket")
        ticket = {"id": str(story["first_id"] + number), **story["ticket"], **own}
        ticket["url"] = story["url"].format(id=ticket["id"], sandbox=sandbox)
        yield Sample(ticket=ticket, **scene)


def play(world: StoryWorld, sample: Sample) -> tuple[bool, str]:
    """Play one scene: whether it came out as expected, and what became of it in words."""
    world.put_ticket(sample.ticket)
    for fault in sample.faults:
        world.fault(fault)
    event = event_of(sample)
    statuses = [world.send(event) for _ in range(2 if sample.twice else 1)]
    outcome = world.outcome(event["id"])
    issues = _settled_issues(world, sample)
    ticket = world.ticket(sample.ticket["id"])
    components = [part["name"] for issue in issues for part in issue["fields"]["components"]]
    key = issues[0]["key"] if issues else None
    said = " ".join(message["text"] for message in ticket["messages"] if message["visibility"] == "internal")
    fine = (
        set(statuses) == {ACCEPTED}
        and outcome["status"] == "done"
        and len(issues) == sample.issues
        and ticket["jira_key"] == key
        and (sample.component is None or components == [sample.component])
        and (sample.says is None or sample.says in said)
        and (sample.ends is None or ticket["status"] == sample.ends)
        and (sample.status is None or (key is not None and world.status_becomes(key, sample.status)))
        and all(_goes_on(world, key or "", step) for step in sample.then)
    )
    rules = ", ".join(dict.fromkeys(step["rule"] for step in outcome["ledger"]))
    what = f"{key} {' '.join(components)}".strip() if key else "-"
    return fine, f"{what:<24} {ticket['status']:<10} {outcome['status']:<8} {rules}"


def _goes_on(world: StoryWorld, key: str, step: dict[str, str]) -> bool:
    """What happens next: somebody answers, and the issue comes to another status."""
    world.comment(key, step["who"], step["text"])
    return world.status_becomes(key, step["status"])


def _settled_issues(world: StoryWorld, sample: Sample) -> list[dict[str, Any]]:
    """The ticket's issues, once Jira's search shows as many as are expected (it lags)."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        issues = world.issues(sample.ticket["id"])
        if len(issues) >= sample.issues or time.monotonic() > deadline:
            return issues
        time.sleep(0.1)


def play_request(world: StoryWorld, scene: dict[str, Any]) -> tuple[bool, str]:
    """A question to a department: the reply to the client, the reminder a day later, the answer."""
    ticket, service = scene["ticket"], f"{world.sandbox}/chat/{scene['department']}"
    world.ask("PUT", f"{world.sandbox}/sandbox/usedesk/tickets/{ticket}", json={"subject": scene["subject"]})
    world.move_clock(set=scene["at"])
    asked = {"subject": scene["subject"], "message": scene["question"], "client_id": 6, "user_id": 12}
    asked |= {"additional_id": f"{ticket}:{scene['department']}:1", "api_token": world.usedesk_token}
    made = world.ask("POST", f"{world.sandbox}/usedesk/create/ticket", json=asked)["ticket_id"]
    steps = [world.said_in(ticket, scene["reply"])]
    world.move_clock(advance=scene["wait"])
    steps.append(world.wait_for(lambda: scene["reminder"] in str(world.ask("GET", service))))
    steps.append(world.said_in(ticket, scene["late"]))
    change = {"as": "client", "ticket_id": made, "message": scene["answer"]}
    world.ask("POST", f"{world.sandbox}/sandbox/usedesk/act", json=change)
    steps.append(world.said_in(ticket, scene["answered"]))
    world.move_clock(set=datetime.now(UTC).isoformat())
    return all(steps), f"usedesk:{ticket} -> {made}"


def play_duplicate(world: StoryWorld, story: dict[str, Any]) -> tuple[bool, str]:
    """Two tickets that ask the same: a draft to the partner in the second, and a word to whoever has the first."""
    scene, said = story["duplicate"], []
    for number in scene["tickets"]:
        url = story["url"].format(id=number, sandbox=world.sandbox)
        now = {"created_at": datetime.now(UTC).isoformat(), "id": number, "url": url}
        ticket = {**story["ticket"], **scene["ticket"], **now}
        world.put_ticket(ticket)
        event = {"id": f"story-{number}", "type": "ticket.created", "occurred_at": now["created_at"], "ticket": ticket}
        world.send(event)
        outcome = world.outcome(event["id"])
        said.append(outcome["status"])
    first, second = (world.ticket(number)["messages"] for number in scene["tickets"])
    drafts = [one["text"] for one in second if one.get("draft")]
    notes = [one["text"] for one in first if one["visibility"] == "internal"]
    fine = set(said) == {"done"} and len(drafts) == 1 and scene["draft"] in drafts[0]
    fine = fine and any(scene["joined"] in note for note in notes)
    return fine, " -> ".join(reversed(scene["tickets"]))


def main() -> int:
    """Play all scenes, unless the store has deliveries already."""
    world = StoryWorld(dict(os.environ))
    if not world.is_new():
        _say("the store is not empty, so no sample tickets are played")
        return 0
    failed = 0
    for sample in samples(world.sandbox):
        failed += _told(sample.title, play(world, sample))
    story = yaml.safe_load(SAMPLES.read_text())
    failed += _told(story["duplicate"]["title"], play_duplicate(world, story))
    scene = story["incident"]
    failed += _told(scene["title"], play_incident(world, scene, {**story["ticket"], **scene["ticket"]}))
    for scene in story["cases"]:
        failed += _told(scene["title"], play_case(world, scene))
    for scene in story["chats"]:
        failed += _told(scene["title"], play_chat(world, scene))
    failed += _told(story["request"]["title"], play_request(world, story["request"]))
    _say(f"\n  {'all came out as expected' if not failed else f'{failed} came out otherwise'}\n")
    return 1 if failed else 0


def _told(title: str, played: tuple[bool, str]) -> bool:
    """Tell what became of a scene; whether it came out otherwise than expected."""
    fine, told = played
    _say(f"  {'✓' if fine else '✗'} {title:<62} {told}")
    return not fine


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
