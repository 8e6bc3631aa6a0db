"""What the pages are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response, request
from prometheus_client import CollectorRegistry

from config import Config
from events import TicketEvent
from runtime.dry_run import Understood
from runtime.process import Process

OF_TICKETS = ("webcrm", "usedesk", "jira")  # where a ticket may be
SOURCES = ("webcrm", "usedesk", "jira", "automation", "forge", "bot")


class UnreadableError(Exception):
    """A body that cannot be read; says where and what to write instead."""


@dataclass(frozen=True)
class Parts:
    """`redact` takes personal data out of a JSON value, `openapi` describes the intake, `registry` has its counters,
    `understand` reads the neutral event of the current request, or answers what is wrong with it; `read` reads a body
    of either sender, or raises UnreadableError."""

    process: Process
    redact: Callable[[object], object]
    openapi: Callable[[], Mapping[str, object]]
    registry: CollectorRegistry
    understand: Callable[[], TicketEvent | Response]
    read: Callable[[bytes, Config], Understood]


def crms(parts: Parts) -> tuple[str, ...]:
    """The CRMs that are set up here."""
    return parts.process.settings.crms


def sources(parts: Parts) -> list[str]:
    """Those of `SOURCES` that there are here; rows of the others stay from before."""
    there = (*crms(parts), *parts.process.settings.further_doors, "jira", "bot")
    return [source for source in SOURCES if source in there]


def own_address(parts: Parts) -> str:
    """Where this bot is for the world outside, without a slash at the end; of the request's `Host` only if not set."""
    return parts.process.settings.public_url or request.host_url.rstrip("/")
