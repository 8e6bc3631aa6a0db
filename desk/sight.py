"""A 404 means "not seen": a deletion, a lost permission and an expired token look the same.

Only what is certainly gone ends anything; while the bot cannot tell, the delivery waits and an admin is alerted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.faults import Later

T = TypeVar("T")
NOT_FOUND = 404


@dataclass(frozen=True)
class Place:
    """Where something is looked for: its system and what the bot sees there if it sees anything at all (`name`).

    `prove` is the call that shows it (it raises `Refused` if the bot does not see the place), and `remedy` what an
    admin does about that, for the reason of the dead letter.
    """

    system: str
    name: str
    prove: Callable[[], object]
    remedy: str


def seen_or_gone(context: DeskContext, look: Callable[[], T], whereabouts: Callable[[], Place]) -> T | None:
    """Return what a look finds; `None` if a second look finds nothing while the bot still sees the place around it.

    Raises `Later`, by the retry schedule, if the bot does not see the place: then nobody knows.
    """
    try:
        return look()
    except Refused as refused:
        if refused.trouble.status != NOT_FOUND:
            raise
    place = whereabouts()
    try:
        place.prove()
    except Refused as blind:
        raise _blind(context, place) from blind
    try:
        return look()
    except Refused as refused:
        if refused.trouble.status != NOT_FOUND:
            raise
        return None


def _blind(context: DeskContext, place: Place) -> Later:
    """Alert the admins, once per system, place and day, and return the reason why the delivery waits."""
    key = f"unseen:{place.system}:{place.name}:{context.now:%Y-%m-%d}"

    def alert(connection: sa.Connection) -> None:
        context.alerts.raise_once(connection, key, "alert_unseen", system=place.system, place=place.name)

    context.actions.record(alert)
    reason = f"{place.system}: 404, and the bot does not see {place.name} either: {place.remedy}, then replay"
    return Later(reason, no_effect=True)
