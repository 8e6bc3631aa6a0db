"""`POST /usedesk/block/<path token>`: Usedesk's dynamic block asks for the card of a ticket."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from flask import Blueprint, Response, abort, jsonify, request
from pydantic import SecretStr

from config.settings import Settings
from events import TICKET_ID
from receivers import body
from receivers.counters import Counters
from receivers.fields import text
from receivers.intake import refused
from receivers.refusal import BadSignature, Refusal
from receivers.signatures import check_plain_secrets, same_secret
from receivers.usedesk import read_body

SOURCE = "usedesk_block"
_SECRETS = ("secret_key", "secret")  # Usedesk's own pages name the first, its webhooks the second
_LONGEST = 1000
_ID = re.compile(TICKET_ID.removesuffix("$"))


@dataclass(frozen=True)
class BlockEntrance:
    """What authenticates Usedesk's block: the path's last part, as for its webhooks, and the block's secret key."""

    path_token: SecretStr
    secret: SecretStr

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read it from the settings."""
        return cls(settings.usedesk_path_token or SecretStr(""), settings.usedesk_block_secret or SecretStr(""))

    def check(self) -> None:
        """Raise NoSecretError when one of the two is not set."""
        check_plain_secrets([self.path_token], "USEDESK_PATH_TOKEN: not set; set a long random string")
        check_plain_secrets([self.secret], "USEDESK_BLOCK_SECRET: not set; set the secret key of the dynamic block")


def blueprint(entrance: BlockEntrance, counters: Counters, show: Callable[[str], str]) -> Blueprint:
    """Make the block's route; `show` returns a ticket's card as HTML. Raises NoSecretError: `BlockEntrance.check`."""
    entrance.check()
    routes = Blueprint("usedesk_block", __name__)

    @routes.post("/usedesk/block/<path_token>", strict_slashes=False)
    def block(path_token: str) -> Response:
        """Answer 200 `{"html"}`; 404 for a wrong path token, 401 for a wrong secret, 400 without a ticket's id."""
        if not same_secret(path_token, [entrance.path_token]):
            counters.count(SOURCE, "wrong_path")
            abort(404)
        try:
            document = read_body(body.read(request, lambda _content: True))
            _admit(document, entrance.secret)
            ticket = _ticket(document)
        except Refusal as refusal:
            counters.count(SOURCE, refusal.outcome)
            return refused(refusal)
        counters.count(SOURCE, "accepted")
        return jsonify({"html": show(ticket)})

    return routes


def _admit(document: dict[str, object], secret: SecretStr) -> None:
    given = next((found for name in _SECRETS if (found := text(document.get(name), _LONGEST))), None)
    if given is None or not same_secret(given, [secret]):
        raise BadSignature("the secret is missing or wrong", "check USEDESK_BLOCK_SECRET and the block's settings")


def _ticket(document: dict[str, object]) -> str:
    given = text(document.get("ticket_id"), 65)
    if given is None or not _ID.fullmatch(given):
        raise Refusal("is missing or not an id", "send the ticket's id", path="$.ticket_id")
    return given
