"""Works on a case: takes its unfinished deliveries in order and runs the procedures of each.

Stops when none is left or one must wait. Nothing waits in memory: what must wait goes back to its row.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from config import Config, ConfigError, ConfigReloader
from desk.clock import machine_now
from desk.desk import Desk
from desk.factory import DeskFactory
from desk.faults import Dead, Later, LeaseLostError
from desk.run import Run
from desk.run_ledger import RunLedger
from events import (
    AlertEvent,
    DeadLetterEvent,
    Event,
    RecoveredEvent,
    issue_case,
    load_event,
    ticket_case,
)
from handlers import PROCEDURES
from runtime.about import ticket_of
from runtime.dead_letters import tell_recovered, tell_stopped
from runtime.effective_config import EffectiveConfig
from runtime.outage import DATABASE_AWAY
from store import deliveries, ledger, links, systems
from store.cases import wake_workers
from store.database import reading
from store.deliveries import Delivery

log = structlog.get_logger("runner")


class Runner:
    """Runs deliveries for one worker process.

    `stopping`: whether to begin no new action; `worker`: the name under which the cases are leased.
    """

    def __init__(self, factory: DeskFactory, reloader: ConfigReloader) -> None:
        self._factory = factory
        self._effective_config = EffectiveConfig(factory.engine, reloader)
        self._engine = factory.engine
        self._configs: dict[str, Config] = {}
        self.stopping: Callable[[], bool] = bool
        self.worker: str | None = None

    def look_at(self, case_id: str) -> None:
        """Run all deliveries of this case that can run now."""
        while not self.stopping() and self._go_on(case_id):
            pass

    def _go_on(self, case_id: str) -> bool:
        """Run the delivery whose turn it is; return False when none follows it or the case must wait.

        What arrives in the meantime is found after the lease is given back.
        """
        with reading(self._engine) as connection:
            delivery, has_next = deliveries.first_unfinished(connection, case_id)
        if delivery is None:
            return False
        if _must_wait(delivery):
            self._hold_back(delivery)
            return False
        return self._run(delivery, has_next=has_next)

    def _hold_back(self, delivery: Delivery) -> None:
        """Make the case's later deliveries wait as long as this one does."""
        with self._engine.begin() as connection:
            due_at = delivery.due_at if delivery.state == "waiting" else None
            deliveries.hold_back(connection, delivery.case_id, after=delivery.id, due_at=due_at)

    def _run(self, delivery: Delivery, *, has_next: bool) -> bool:
        """Run one delivery; return True when the next one of the case may follow."""
        try:
            event = load_event(delivery.event or "")
        except ValueError:
            log.exception("event cannot be read", delivery=delivery.label)
            self._bury(delivery, "this release cannot read the event; see the log of the worker")
            return False
        case = self._case_now(delivery, event)
        if case != delivery.case_id:
            with self._engine.begin() as connection:
                deliveries.hand_over(connection, delivery.id, case, machine_now())
                deliveries.let_follow(connection, delivery.case_id, machine_now())
                wake_workers(connection)
            return True
        opened = self._open(delivery, event, case)
        if opened is None:
            return True
        run, desk, actions = opened
        begun = machine_now()
        state = self._end(run, delivery, event, desk, actions)
        took = (machine_now() - begun) / timedelta(milliseconds=1)
        log.info("delivery", delivery=run.label, case=case, type=delivery.type, outcome=state, ms=round(took))
        return state in ("done", "ignored") and (has_next or delivery.taken_at is not None)

    def _open(self, delivery: Delivery, event: Event, case: str) -> tuple[Run, Desk, RunLedger] | None:
        """Open a run with its desk and its ledger; return None when somebody else took the delivery.

        A new delivery is taken together with its first write. One that was begun before is taken at once, so that
        nobody else adds to its ledger once that is read.
        """
        config, token = self._config_of(delivery), str(uuid.uuid4())
        now = delivery.taken_at or self._factory.clock.now()

        def take(connection: sa.Connection, **ended: object) -> bool:
            version = config.version
            return deliveries.take(connection, delivery, token=token, now=now, config_version=version, **ended)

        def ticket() -> tuple[str, str] | None:
            with reading(self._engine) as connection:
                return ticket_of(connection, event)

        run = Run(delivery.id, delivery.label, case, token, self.stopping, self.worker, take=take)
        if delivery.taken_at is not None:
            with self._engine.begin() as connection:
                if not take(connection):
                    return None
                run = replace(run, take=None, known=ledger.recorded(connection, delivery.id))
        return run, *self._factory.open(run, config, now, ticket)

    def _bury(self, delivery: Delivery, reason: str) -> None:
        """End a delivery that cannot even be begun."""
        with self._engine.begin() as connection:
            if deliveries.refuse(connection, delivery, reason, machine_now()):
                deliveries.hold_back(connection, delivery.case_id, after=delivery.id, due_at=None)
                values = {"delivery": delivery.label, "reason": reason}
                self._factory.alert(connection, f"dead:{delivery.label}", "alert_dead_letter", **values)

    def _end(self, run: Run, delivery: Delivery, event: Event, desk: Desk, actions: RunLedger) -> str | None:
        """Run the procedures and write how the delivery ended; return its state, None if it is no longer ours."""
        try:
            values = self._play(delivery, event, desk)
        except Exception as error:
            values = self._after(error, delivery)
        try:
            mine = self._let_go(run, delivery, event, values, actions)
        except DATABASE_AWAY:
            raise
        except Exception as error:  # the transaction was rolled back: nothing of the end was written
            values = self._after(error, delivery)
            mine = self._let_go(run, delivery, event, values, actions)
        return values["state"] if mine else None

    @staticmethod
    def _play(delivery: Delivery, event: Event, desk: Desk) -> dict[str, Any]:
        if _is_own(event, desk):
            return _finished("ignored", "the bot's own event")
        for procedure in PROCEDURES.get(delivery.type, ()):
            procedure(event, desk)
        return _finished("done", None)

    def _after(self, error: Exception, delivery: Delivery) -> dict[str, Any]:
        """Return the delivery's columns that say how it ended, given the error that broke it off."""
        if isinstance(error, LeaseLostError):
            return {"state": "waiting", "due_at": machine_now()}
        if isinstance(error, DATABASE_AWAY):
            error = Later("our database did not answer")
        if isinstance(error, Later):
            return self._later(delivery, error)
        if isinstance(error, Dead):
            return _finished("dead", error.reason)
        # our own bug: the row stays for a person to see, and can be replayed with a later release
        log.error("delivery failed", delivery=delivery.label, exc_info=error)
        return _finished("dead", f"{type(error).__name__} in our own code; see the log of the worker")

    def _later(self, delivery: Delivery, later: Later) -> dict[str, Any]:
        """Return the columns that say when to run again; after the last attempt the delivery is a dead letter."""
        retry = self._config_of(delivery).runtime.retry
        attempts = delivery.attempts + later.spends
        if attempts > len(retry.schedule):
            return _finished("dead", f"{later.reason} ({attempts} attempts)")
        values: dict[str, Any] = {"state": "waiting", "attempts": attempts, "reason": later.reason}
        if later.system is not None:
            return values | {"waits_for": later.system, "due_at": None}
        if later.at is not None:
            return values | {"due_at": later.at}
        pause = retry.schedule[attempts - 1] * random.uniform(1 - retry.jitter, 1 + retry.jitter)  # noqa: S311
        return values | {"due_at": machine_now() + pause}

    def _let_go(self, run: Run, delivery: Delivery, event: Event, values: dict[str, Any], actions: RunLedger) -> bool:
        """Write how the delivery ended, with what its last actions left to write; return False if it is not ours."""

        def end(connection: sa.Connection) -> bool:
            mine = actions.end(connection, **values)
            if mine:
                self._let_others_go(connection, run, delivery, event, values)
            return mine

        return self._factory.transactions.run(end)

    def _let_others_go(
        self, connection: sa.Connection, run: Run, delivery: Delivery, event: Event, values: dict[str, Any]
    ) -> None:
        """Hold back or release the later deliveries of the case, and tell people about a stop or a recovery."""
        if values["state"] in ("waiting", "dead"):
            due_at = values.get("due_at")
            deliveries.hold_back(connection, run.case, after=delivery.id, due_at=due_at)
        elif delivery.taken_at is not None:  # a delivery done at the first attempt has held nothing back
            deliveries.let_follow(connection, run.case, machine_now())
        if values["state"] == "dead" and not isinstance(event, AlertEvent | DeadLetterEvent | RecoveredEvent):
            self._tell(connection, run, event, values["reason"])
        if values["state"] == "done" and delivery.finished_at is not None:
            tell_recovered(connection, run.label)
        if values.get("waits_for") and not systems.is_tripped(connection, values["waits_for"]):
            # the breaker was reset between the call and this row
            deliveries.release_system(connection, values["waits_for"], machine_now())

    def _tell(self, connection: sa.Connection, run: Run, event: Event, reason: str) -> None:
        """Tell of a dead letter: the ticket's owner by an own event, the admins by an alert."""
        failed = ledger.failed_rule(connection, run.delivery)
        now = machine_now()
        source, ticket = ticket_of(connection, event) or ("webcrm", None)
        about = {"rule": failed, "ticket_source": source, "ticket_id": ticket}
        tell_stopped(connection, DeadLetterEvent(occurred_at=now, delivery=run.label, reason=reason, **about))
        self._factory.alert(connection, f"dead:{run.label}", "alert_dead_letter", delivery=run.label, reason=reason)

    def _case_now(self, delivery: Delivery, event: Event) -> str:
        """Return the case that the delivery belongs to by the current links."""
        ref = getattr(event, "issue", None)
        if ref is None:
            return delivery.case_id
        with reading(self._engine) as connection:
            link = links.of_issue(connection, ref.site, ref.id)
        return ticket_case(link.source, link.ticket_id) if link else issue_case(ref)

    def _config_of(self, delivery: Delivery) -> Config:
        """Return the configuration that the delivery began with, or the current one if it is new.

        The addresses of the Jira sites are always current: a call to an old one would trip the breaker for everybody.
        """
        current = self._effective_config.current()
        version = delivery.config_version or current.version
        if version not in self._configs:
            self._configs[version] = self._load(version, current)
        begun_with = self._configs[version]
        sites = begun_with.jira.sites | current.jira.sites
        return begun_with.model_copy(update={"jira": begun_with.jira.model_copy(update={"sites": sites})})

    def _load(self, version: str, current: Config) -> Config:
        if version == current.version:
            self._factory.keep(current)
            return current
        with reading(self._engine) as connection:
            kept = systems.kept_config(connection, version)
        try:
            return Config.restore(kept) if kept else current
        except ConfigError as error:
            # written by an earlier release, whose models were different
            log.warning("the configuration of that time cannot be read", version=version, faults=len(error.faults))
            return current


def _must_wait(delivery: Delivery) -> bool:
    """Return True for a dead letter, and for a delivery that waits for its moment or for a system."""
    return delivery.state == "dead" or delivery.due_at is None or delivery.due_at > machine_now()


def _finished(state: str, reason: str | None) -> dict[str, Any]:
    return {"state": state, "reason": reason, "finished_at": machine_now(), "due_at": None}


def _is_own(event: Event, desk: Desk) -> bool:
    """Return True for what the bot's own account did in Jira."""
    actor = getattr(event, "actor", None)
    ref = getattr(event, "issue", None)
    return actor is not None and ref is not None and actor.account_id == desk.jira.reading.own_account(ref.site)
