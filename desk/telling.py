"""Telling people something, each receiver once: who was told is in the ledger, so that only who was not is tried again.

Apprise says of an address that names several only whether all of them took it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from apprise import NotifyBase
from pydantic import SecretStr

from desk.chats import Message, receivers
from desk.clock import machine_now
from desk.faults import Later
from desk.journal import Done, Verb
from desk.surroundings import Surroundings

DELIVERED = "delivered at least once"


def tell_each(
    around: Surroundings,
    verb: Verb,
    addresses: Sequence[SecretStr],
    message: Callable[[], Message],
    also: Callable[[sa.Connection], None] | None = None,
) -> bool:
    """Tell all whom the addresses name, each by a verb of its own where there are several; whether anybody was told.

    `also` goes into the store once, with the first. Who fails keeps nobody else from being told; raises `Later` then.
    """
    found = receivers(addresses)
    if len(found) == 1:
        return bool(around.journal.do(verb, _act(around, verb, found[0], message, also)))
    told, failed = False, None
    for number, receiver in enumerate(found, start=1):
        one = replace(verb, target=f"{verb.target} {number}/{len(found)}")
        try:
            told = bool(around.journal.do(one, _act(around, verb, receiver, message))) or told
        except Later as later:
            failed = later
    if told and also is not None:
        around.journal.do(Verb(verb.why, "remember_told", verb.target), lambda: Done(True, also=also))
    if failed is not None:
        raise failed
    return told


def _act(
    around: Surroundings,
    verb: Verb,
    receiver: NotifyBase,
    message: Callable[[], Message],
    also: Callable[[sa.Connection], None] | None = None,
) -> Callable[[], Done]:
    def act() -> Done:
        if not around.chats.send(receiver, message()):
            raise Later(f"{verb.name}: the message was not delivered", at=None)
        return Done(True, after=machine_now().isoformat(), reason=DELIVERED, also=also)

    return act
