"""404 is "not seen": what was deleted, a right that was lost and a token that expired look the same.

Only what is gone for certain ends anything; while the bot cannot tell, the delivery waits and an admin is alerted.
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
    """Where something is looked for: its system, what the bot sees there as long as it sees anything (`name`),
    the call that proves it (`Refused`: it does not), and what an admin does about that (`remedy`, for the dead letter).
    """

    system: str
    name: str
    prove: Callable[[], object]
    remedy: str


def seen_or_gone(context: DeskContext, look: Callable[[], T], whereabouts: Callable[[], Place]) -> T | None:
    """What a look shows. None: it is gone, by a second look while the bot still sees the place around it.

    Raises `Later`, by the retry schedule, when the bot does not see the place: then nobody knows.
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
    """Alert the admins, once for a delivery and for each day of the others; why the delivery waits."""
    key = f"unseen:{place.system}:{place.name}:{context.now:%Y-%m-%d}"

    def alert(connection: sa.Connection) -> None:
        context.alerts.raise_once(connection, key, "alert_unseen", system=place.system, place=place.name)

    context.actions.record(alert)
    reason = f"{place.system}: 404, and the bot does not see {place.name} either: {place.remedy}, then replay"
    return Later(reason, no_effect=True)
