"""Messages to people, sent with Apprise: alerts, departments' chats, digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from pydantic import SecretStr

from desk.http import bound_answers
from desk.network import prepare_environment
from desk.places import Places

TIMEOUT = 30  # seconds for one address, including retries
_ASSET = AppriseAsset(http_redirects=False, service_timeout=TIMEOUT)
# The attributes in which Apprise's plugins keep their receivers, possibly spread over several of them.
_RECEIVERS = ("targets", "channels", "rooms", "users", "topics", "devices", "phones", "emails", "groups")


@dataclass(frozen=True)
class ChatMessage:
    """A message to send."""

    body: str
    title: str = ""
    form: NotifyFormat = NotifyFormat.TEXT


class Chats:
    """Sends messages; slow chats occupy no more than their share of the threads."""

    def __init__(self, places: Places, confirm: Callable[[], None] | None = None) -> None:
        """`confirm` is called right before a message is sent, and raises if it must not be sent."""
        prepare_environment()
        bound_answers()
        self._places = places
        self._confirm = confirm

    def send(self, receiver: NotifyBase, message: ChatMessage) -> bool:
        """Send to one of the `receivers`; return whether it was accepted. Redirects are not followed."""
        sender = Apprise(asset=_ASSET)
        sender.add(receiver)
        with self._places.place("chats"):
            if self._confirm is not None:
                self._confirm()
            return bool(sender.notify(body=message.body, title=message.title, body_format=message.form))


def receivers(addresses: Iterable[SecretStr]) -> list[NotifyBase]:
    """Return everybody the addresses (Apprise URLs) name: one address may name several channels or people.

    If a plugin keeps its receivers in a way of its own, they count as one, and all are told again when one fails.
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
