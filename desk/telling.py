"""Telling people something, each receiver once: the ledger records who was told, so a retry reaches only the others.

For an address that names several receivers, Apprise reports only whether all of them accepted the message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from apprise import NotifyBase
from pydantic import SecretStr

from desk.actions import Action, Result
from desk.chats import ChatMessage, receivers
from desk.clock import machine_now
from desk.context import DeskContext
from desk.faults import Later

DELIVERED = "delivered at least once"


def tell_each(
    context: DeskContext,
    action: Action,
    addresses: Sequence[SecretStr],
    message: Callable[[], ChatMessage],
    also: Callable[[sa.Connection], None] | None = None,
) -> bool:
    """Tell everybody the addresses name, each by an action of its own if there are several; return whether anybody was
    told.

    `also` is written once: with the message to a sole receiver, otherwise after all sends. A failure does not keep the
    others from being told; it is raised as `Later` afterwards.
    """
    found = receivers(addresses)
    if len(found) == 1:
        return bool(context.actions.do(action, _act(context, action, found[0], message, also)))
    told, failed = False, None
    for number, receiver in enumerate(found, start=1):
        one = replace(action, target=f"{action.target} {number}/{len(found)}")
        try:
            told = bool(context.actions.do(one, _act(context, action, receiver, message))) or told
        except Later as later:
            failed = later
    if told and also is not None:
        context.actions.do(Action(action.why, "remember_told", action.target), lambda: Result(True, rows=also))
    if failed is not None:
        raise failed
    return told


def _act(
    context: DeskContext,
    action: Action,
    receiver: NotifyBase,
    message: Callable[[], ChatMessage],
    also: Callable[[sa.Connection], None] | None = None,
) -> Callable[[], Result]:
    def act() -> Result:
        if not context.chats.send(receiver, message()):
            raise Later(f"{action.name}: the message was not delivered", at=None)
        return Result(True, after=machine_now().isoformat(), reason=DELIVERED, rows=also)

    return act
