"""What the pages depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response, request
from prometheus_client import CollectorRegistry

from config import Config
from events import TicketEvent
from runtime.dry_run import Understood
from runtime.inbox import Arrival
from runtime.process import Process

OF_TICKETS = ("webcrm", "usedesk", "jira")  # sources that have tickets
SOURCES = ("webcrm", "usedesk", "jira", "automation", "forge", "bot")


class UnreadableError(Exception):
    """A body cannot be read; says where, and what to write instead."""


@dataclass(frozen=True)
class Parts:
    """The dependencies of the pages.

    `redact` removes personal data from a JSON value; `openapi` returns the OpenAPI document; `registry` has the
    receivers' counters; `understand` reads the neutral event of the current request, or returns the answer that refuses
    it; `read` reads a body of WebCRM or Jira, `taken` an event of WebCRM for the inbox: both may raise UnreadableError.
    """

    process: Process
    redact: Callable[[object], object]
    openapi: Callable[[], Mapping[str, object]]
    registry: CollectorRegistry
    understand: Callable[[], TicketEvent | Response]
    read: Callable[[bytes, Config], Understood]
    taken: Callable[[bytes], Arrival]


def crms(parts: Parts) -> tuple[str, ...]:
    """The CRMs that are set up here."""
    return parts.process.settings.crms


def sources(parts: Parts) -> list[str]:
    """Return those of `SOURCES` that are set up here; the store may have older rows of the others."""
    there = (*crms(parts), *parts.process.settings.further_doors, "jira", "bot")
    return [source for source in SOURCES if source in there]


def own_address(parts: Parts) -> str:
    """Return the bot's public address without a final slash; taken from the request's `Host` if it is not set."""
    return parts.process.settings.public_url or request.host_url.rstrip("/")
