"""`POST /webhooks/usedesk/<path token>`: Usedesk's webhooks, which carry their secret in the body."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from flask import Blueprint, Response, abort, request
from pydantic import SecretStr

from config.settings import Settings
from desk.usedesk.ticket import Reader, stamp_of
from events.untrusted import entries, text
from receivers import body
from receivers.counters import Counters
from receivers.intake import Intake, Reading
from receivers.refusal import BadSignature
from receivers.signatures import check_plain_secrets, same_secret
from receivers.usedesk_events import BLOCKS, SOURCE, ParsedUsedesk, parse
from receivers.usedesk_form import to_json
from runtime.inbox import Inbox

_FORM = "application/x-www-form-urlencoded"
_LONGEST_SECRET = 1000


@dataclass(frozen=True)
class Entrance:
    """What authenticates Usedesk, by the last part of the path and the secret in the body; and the bot's agent id."""

    path_token: SecretStr
    secrets: tuple[SecretStr, ...]
    agent_id: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read it from the settings; Usedesk sends the application's id or the channel's token as the body's secret."""
        secrets = tuple(one for one in (settings.usedesk_secret, settings.usedesk_token) if one is not None)
        return cls(settings.usedesk_path_token or SecretStr(""), secrets, settings.usedesk_agent_id or "")

    def check(self) -> None:
        """Raise NoSecretError when a secret is not set, or the agent id by which the bot knows its own writings."""
        check_plain_secrets([self.path_token], "USEDESK_PATH_TOKEN: not set; set a long random string")
        check_plain_secrets(
            self.secrets, "USEDESK_SECRET: neither it nor USEDESK_TOKEN is set; set what Usedesk sends as secret"
        )
        check_plain_secrets(
            [SecretStr(self.agent_id)], "USEDESK_AGENT_ID: not set; set the number of the agent whom the bot writes as"
        )


ZoneOf = Callable[[datetime | None, datetime], timedelta]
"""How far Usedesk's dates are ahead of UTC, when one that was written just now has arrived at a moment."""


def blueprint(
    entrance: Entrance, inbox: Inbox, counters: Counters, now: Callable[[], datetime], zone_of: ZoneOf
) -> Blueprint:
    """Make the receiver of Usedesk's webhooks; `now` is the desk's time. Raises NoSecretError: `Entrance.check`."""
    entrance.check()
    intake = Intake(SOURCE, inbox, counters)
    routes = Blueprint("usedesk_webhooks", __name__)

    def interpret(document: dict[str, object], _content: bytes) -> Reading:
        _admit(document, entrance.secrets)
        at = now()
        reader = Reader(entrance.agent_id, zone_of(stamp_of(document), at))
        return reading_of(parse(document, reader, at))

    @routes.post("/webhooks/usedesk/<path_token>", strict_slashes=False)
    def receive(path_token: str) -> Response:
        """Take one webhook call; answers like `intake.Intake.receive`, or 404 for a wrong path token."""
        if not same_secret(path_token, [entrance.path_token]):
            counters.count(SOURCE, "wrong_path")
            abort(404)
        return intake.receive(lambda _content: True, interpret, read_body)

    return routes


def reading_of(parsed: ParsedUsedesk) -> Reading:
    """Return the reading of a parsed body."""
    return Reading(
        delivery_id=parsed.delivery_id,
        case=parsed.case,
        type=parsed.event.type if parsed.event else parsed.kind,
        event=parsed.event,
        ignored=parsed.ignored,
    )


def read_body(content: bytes) -> dict[str, object]:
    """Parse JSON or a form, whichever the channel's switch «JSON request» makes Usedesk send."""
    is_form = request.mimetype == _FORM and not content.removeprefix(BOM_UTF8).lstrip().startswith(b"{")
    return body.parse(to_json(content) if is_form else content)


def _admit(document: dict[str, object], secrets: tuple[SecretStr, ...]) -> None:
    """Check the body's secret and remove all secrets from the body; raises BadSignature for a wrong one."""
    given = text(document.pop("secret", None), _LONGEST_SECRET)
    if given is None or not same_secret(given, secrets):
        raise BadSignature("the secret is missing or wrong", "check USEDESK_SECRET and the API channel's settings")
    for block in entries(document.get(BLOCKS)):
        if isinstance(block, dict):
            block.pop("secret_key", None)
