"""Messages to people by Apprise: alerts, chats of departments, digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from pydantic import SecretStr

from desk.http import bound_answers
from desk.network import prepare_environment
from desk.places import Places

TIMEOUT = 30  # seconds for one address, its retries included
_ASSET = AppriseAsset(http_redirects=False, service_timeout=TIMEOUT)
# The attributes in which Apprise's plugins keep to whom they send, each of which may hold some of them.
_RECEIVERS = ("targets", "channels", "rooms", "users", "topics", "devices", "phones", "emails", "groups")


@dataclass(frozen=True)
class ChatMessage:
    """What is sent."""

    body: str
    title: str = ""
    form: NotifyFormat = NotifyFormat.TEXT


class Chats:
    """Sends messages; chats that are slow hold no more than their share of the threads."""

    def __init__(self, places: Places, confirm: Callable[[], None] | None = None) -> None:
        """`confirm` is asked right before something is sent, and raises where it must not be."""
        prepare_environment()
        bound_answers()
        self._places = places
        self._confirm = confirm

    def send(self, receiver: NotifyBase, message: ChatMessage) -> bool:
        """Send to one of the `receivers`; whether it took it. Redirects are not followed."""
        sender = Apprise(asset=_ASSET)
        sender.add(receiver)
        with self._places.place("chats"):
            if self._confirm is not None:
                self._confirm()
            return bool(sender.notify(body=message.body, title=message.title, body_format=message.form))


def receivers(addresses: Iterable[SecretStr]) -> list[NotifyBase]:
    """All whom these addresses name, each of which must be one of Apprise's: one may name several channels or people.

    Where a plugin keeps them in a way of its own, they count as one, who is told again when one of them fails.
    """
    named = (Apprise.instantiate(address.get_secret_value(), asset=_ASSET) for address in addresses)
    return [one for plugin in named if isinstance(plugin, NotifyBase) for one in _single(plugin)]


def _single(plugin: NotifyBase) -> Iterator[NotifyBase]:
    kept = {name: list(getattr(plugin, name, None) or ()) for name in _RECEIVERS}
    kept = {name: found for name, found in kept.items() if found}
    if len(plugin) == 1 or sum(map(len, kept.values())) != len(plugin):
        yield plugin
        return
    for name, found in kept.items():
        for receiver in found:
            one = copy(plugin)
            for other in kept:
                setattr(one, other, [receiver] if other == name else [])
            yield one
