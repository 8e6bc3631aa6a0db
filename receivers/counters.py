"""Counts webhook calls by their outcome, for `/metrics`."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter

Outcome = Literal[
    "accepted",
    "duplicate",
    "ignored",
    "bad_signature",
    "wrong_path",
    "malformed",
    "too_large",
    "unavailable",
]


class Counters:
    """The counter `smezhnik_webhooks_total{source,outcome}` in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._webhooks = Counter(
            "smezhnik_webhooks_total", "Webhook calls by source and outcome", ["source", "outcome"], registry=registry
        )

    def count(self, source: str, outcome: Outcome) -> None:
        """Count one call."""
        self._webhooks.labels(source=source, outcome=outcome).inc()
