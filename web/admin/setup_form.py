"""The form of the page that connects Jira: what was typed, what is wrong with it, and the environment that it makes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flask import request

from config import ConfigError
from config.fields import is_loopback
from config.settings import Settings
from runtime.setup.tables import SetupWishes, pairs
from web.query_parameters import storable
from web.words import word

_LONGEST = 5000  # characters of a field


class SetupRefusedError(Exception):
    """The tables cannot be proposed; `lines` tell the admin why."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


@dataclass(frozen=True)
class SetupForm:
    """The form as it was sent. The token is used for this request alone and never shown, stored or logged."""

    url: str
    user: str
    projects: str = ""
    agents: str = ""

    @classmethod
    def of(cls, settings: Settings) -> SetupForm:
        """Return the form of a bot that keeps its Jira."""
        return cls(settings.jira_url or "", settings.jira_user or "")

    @classmethod
    def of_request(cls) -> SetupForm:
        """Return the form of the current request."""
        return cls(_word("url"), _word("user"), _text("projects"), _text("agents"))

    def is_own(self, settings: Settings) -> bool:
        """Whether it names the account that the bot has; only then may the bot's own token be used."""
        return (self.url.rstrip("/"), self.user) == ((settings.jira_url or "").rstrip("/"), settings.jira_user)

    @cached_property
    def wishes(self) -> SetupWishes:
        """What the admin knows better. Raises SetupRefusedError for a line that is not `ONE=OTHER`."""
        try:
            return SetupWishes(pairs(_lines(self.projects)), pairs(_lines(self.agents)))
        except ValueError as error:
            raise SetupRefusedError(word("setup_faults", "pair").format(line=error)) from None

    def variables(self, settings: Settings) -> Mapping[str, str]:
        """Return the environment variables of the account. Raises SetupRefusedError when something is missing."""
        own = settings.jira_token if self.is_own(settings) else None
        token = _word("token") or (own.get_secret_value() if own else "")
        if not (self.url and self.user and token):
            raise SetupRefusedError(word("setup_faults", "token" if self.url and self.user else "incomplete"))
        if settings.smezhnik_sandbox and not is_loopback(self.url):
            raise SetupRefusedError(word("setup_faults", "sandbox"))
        found = {"JIRA_URL": self.url, "JIRA_USER": self.user, "JIRA_TOKEN": token}
        try:
            Settings.read({**os.environ, **found})
        except ConfigError:
            raise SetupRefusedError(word("setup_faults", "url")) from None
        return found


def _text(name: str) -> str:
    return storable(request.form.get(name, "")).strip()[:_LONGEST]


def _word(name: str) -> str:
    """Return a field without any white space: it may become a line of `.env`."""
    return "".join(_text(name).split())


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
