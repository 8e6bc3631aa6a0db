"""Messages to people by Apprise: alerts, chats of departments, digests."""

from __future__ import annotations

from collections.abc import Iterable

from apprise import Apprise, AppriseAsset, NotifyFormat
from pydantic import SecretStr

TIMEOUT = 30  # seconds for one address, its retries included


def send_message(
    urls: Iterable[SecretStr], body: str, *, title: str = "", form: NotifyFormat = NotifyFormat.TEXT
) -> bool:
    """Send to every address, each of which must be one of Apprise's; whether all of them took it.

    Redirects are not followed.
    """
    sender = Apprise(asset=AppriseAsset(http_redirects=False, service_timeout=TIMEOUT))
    for url in urls:
        sender.add(url.get_secret_value())
    return bool(sender.notify(body=body, title=title, body_format=form))
