"""The scenes of problem cases: a client's ticket becomes one, with its row, its issue and the group that is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol


class CaseScene(Protocol):
    """What the scene needs of the world."""

    sandbox: str

    def put_ticket(self, ticket: dict[str, Any]) -> None:
        """Put a ticket into the CRM."""
        ...

    def send(self, event: dict[str, Any]) -> int:
        """Let the CRM send an event."""
        ...

    def ask(self, method: str, url: str) -> Any:
        """Call and read the JSON of the answer."""
        ...

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """A ticket as it stands in the CRM."""
        ...

    def issues(self, ticket_id: str) -> list[dict[str, Any]]:
        """The issues of a ticket."""
        ...

    @staticmethod
    def wait_for(true: Callable[[], bool]) -> bool:
        """Ask until it is so; False when that takes too long."""
        ...


def play_case(world: CaseScene, scene: dict[str, Any]) -> tuple[bool, str]:
    """A client's ticket that is a problem case: its issue, the group that is told, the draft to the client."""
    number, now = scene["ticket"], datetime.now(UTC).isoformat()
    said = {"id": "m1", "at": now, "author": {"role": "client", "id": "c1"}, "visibility": "public"}
    said |= {"text": scene["says"], "attachments": []}
    ticket = {"id": number, "audience": "customer", "channel": "email", "created_at": now, "messages": [said]}
    world.put_ticket(ticket)
    event: dict[str, Any] = {"id": f"story-{number}", "type": "ticket.created", "occurred_at": now, "ticket": ticket}
    event |= {"agent": {"id": "a17", "gender": "f"}, "case": scene["case"]}
    world.send(event)
    chat = f"{world.sandbox}/chat/{scene['chat']}"
    fine = world.wait_for(lambda: scene["told"] in str(world.ask("GET", chat)))
    fine = world.wait_for(lambda: bool(world.issues(number))) and fine
    if "draft" in scene:
        drafts = [one["text"] for one in world.ticket(number)["messages"] if one.get("draft")]
        fine = fine and any(scene["draft"] in one for one in drafts)
    return fine, ", ".join(issue["key"] for issue in world.issues(number))
