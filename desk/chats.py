"""Messages to people by Apprise: alerts, chats of departments, digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from apprise import Apprise, AppriseAsset, NotifyFormat
from pydantic import SecretStr

from desk.network import prepare_environment
from desk.places import Places

TIMEOUT = 30  # seconds for one address, its retries included


class Chats:
    """Sends messages; chats that are slow hold no more than their share of the threads."""

    def __init__(self, places: Places, confirm: Callable[[], None] | None = None) -> None:
        """`confirm` is asked right before something is sent, and raises where it must not be."""
        prepare_environment()
        self._places = places
        self._confirm = confirm

    def send(
        self, urls: Iterable[SecretStr], body: str, *, title: str = "", form: NotifyFormat = NotifyFormat.TEXT
    ) -> bool:
        """Send to every address, each of which must be one of Apprise's; whether all of them took it.

        Redirects are not followed.
        """
        sender = Apprise(asset=AppriseAsset(http_redirects=False, service_timeout=TIMEOUT))
        for url in urls:
            sender.add(url.get_secret_value())
        with self._places.place("chats"):
            if self._confirm is not None:
                self._confirm()
            return bool(sender.notify(body=body, title=title, body_format=form))
