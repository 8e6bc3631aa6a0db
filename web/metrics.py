"""Metrics for Prometheus.

What the database knows is queried at the scrape, so every process gives the same answer. Webhook calls are counted
where they arrive; with several gunicorn workers `gunicorn.conf.py` sets PROMETHEUS_MULTIPROC_DIR, and the scrape
adds up their counters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from desk.clock import machine_now
from runtime.clock import SILENT
from store import browse, switches, systems
from web.breakers import breakers
from web.parts import Parts


def scraped(parts: Parts) -> CollectorRegistry:
    """Return the registry that a scrape reads."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(parts))
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # not annotated upstream
    else:
        registry.register(parts.registry)
    return registry


class StoreCollector(Collector):
    """Gauges from the store: a handful of queries, each served by an index."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def describe(self) -> list[Metric]:
        """Return nothing: the names are known only at a scrape, and registering must not open the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of one scrape; whether the database answers is one of them."""
        try:
            metrics = self._ask()
        except SQLAlchemyError:
            metrics = []
        yield GaugeMetricFamily("smezhnik_database_up", "1 when the database answers", bool(metrics))
        yield from metrics

    def _ask(self) -> list[Metric]:
        now = machine_now()
        lease = self._parts.process.reloader.current().runtime.worker_lease
        with self._parts.process.engine.connect() as connection:
            counts = browse.open_counts(connection)
            oldest = browse.oldest_waiting(connection)
            known = breakers(connection, self._parts)
            paused = switches.paused(connection) is not None
            clocks = sum(now - row.seen_at <= SILENT for row in systems.clocks_known(connection))
            alive = sum(now - row.seen_at <= lease for row in systems.workers_known(connection))
        unfinished = GaugeMetricFamily("smezhnik_deliveries", "Deliveries not finished, by state", labels=["state"])
        for state, count in counts.items():
            unfinished.add_metric([state], count)
        up = GaugeMetricFamily(
            "smezhnik_system_up", "1 when the circuit breaker of a system lets calls through", labels=["system"]
        )
        for name, row in known.items():
            up.add_metric([name], row is None or row.closed_at is None)
        age = (now - oldest).total_seconds() if oldest else 0
        waits = GaugeMetricFamily("smezhnik_oldest_waiting_seconds", "Age of the oldest delivery that waits", age)
        return [
            unfinished,
            waits,
            up,
            GaugeMetricFamily("smezhnik_workers", "Workers alive", alive),
            GaugeMetricFamily("smezhnik_clocks", "Clocks alive", clocks),
            GaugeMetricFamily("smezhnik_effects_paused", "1 while all effects are paused", paused),
        ]
