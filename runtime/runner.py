"""Looks at a case: takes its unfinished deliveries in sequence and runs the handlers of each.

Stops when none is left or one must wait. Nothing waits in memory: what must wait is a row again.
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
    """Runs deliveries for one worker process. `stopping` true: begin no new action; `worker`: who leases the cases."""

    def __init__(self, factory: DeskFactory, reloader: ConfigReloader) -> None:
        self._factory = factory
        self._effective_config = EffectiveConfig(factory.engine, reloader)
        self._engine = factory.engine
        self._configs: dict[str, Config] = {}
        self.stopping: Callable[[], bool] = bool
        self.worker: str | None = None

    def look_at(self, case_id: str) -> None:
        """Do what can be done in this case now."""
        while not self.stopping() and self._go_on(case_id):
            pass

    def _go_on(self, case_id: str) -> bool:
        """Run the delivery whose turn it is; False when there is none after it or the case must wait.

        What comes meanwhile is due as soon as the lease is given back.
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
        """The case's later deliveries wait as long as its first one does."""
        with self._engine.begin() as connection:
            due_at = delivery.due_at if delivery.state == "waiting" else None
            deliveries.hold_back(connection, delivery.case_id, after=delivery.id, due_at=due_at)

    def _run(self, delivery: Delivery, *, has_next: bool) -> bool:
        """Run one delivery; True when the next one of the case may follow."""
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
        """A run with its desk and its ledger; None: somebody else took the delivery.

        One that is new is taken up together with the first that is written for it; one that was begun before at once,
        so that nobody else writes to what its ledger has.
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
        """Run the procedures, and write how the delivery ended; its state, None where it is another's by now."""
        try:
            values = self._play(delivery, event, desk)
        except Exception as error:
            values = self._after(error, delivery)
        try:
            mine = self._let_go(run, delivery, event, values, actions)
        except DATABASE_AWAY:
            raise
        except Exception as error:  # of what was to be written with the end nothing is left
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
        """The delivery's columns that say how it ended, by what broke it off."""
        if isinstance(error, LeaseLostError):
            return {"state": "waiting", "due_at": machine_now()}
        if isinstance(error, DATABASE_AWAY):
            error = Later("our database did not answer")
        if isinstance(error, Later):
            return self._later(delivery, error)
        if isinstance(error, Dead):
            return _finished("dead", error.reason)
        # a fault of our own: the row keeps it, a person sees it, a later release may replay it
        log.error("delivery failed", delivery=delivery.label, exc_info=error)
        return _finished("dead", f"{type(error).__name__} in our own code; see the log of the worker")

    def _later(self, delivery: Delivery, later: Later) -> dict[str, Any]:
        """When to run again; a schedule that is used up makes a dead letter."""
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
        """Write how the delivery ended, with what its last actions left to be written; False: it is another's."""
        with self._engine.begin() as connection:
            mine = actions.end(connection, **values)
            if mine:
                self._let_others_go(connection, run, delivery, event, values)
        return mine

    def _let_others_go(
        self, connection: sa.Connection, run: Run, delivery: Delivery, event: Event, values: dict[str, Any]
    ) -> None:
        """See to the later deliveries of the case, and to those who are to hear how this one ended."""
        if values["state"] in ("waiting", "dead"):
            due_at = values.get("due_at")
            deliveries.hold_back(connection, run.case, after=delivery.id, due_at=due_at)
        elif delivery.taken_at is not None:  # what is done at the first try has held nothing back
            deliveries.let_follow(connection, run.case, machine_now())
        if values["state"] == "dead" and not isinstance(event, AlertEvent | DeadLetterEvent | RecoveredEvent):
            self._tell(connection, run, event, values["reason"])
        if values["state"] == "done" and delivery.finished_at is not None:
            tell_recovered(connection, run.label)
        if values.get("waits_for") and not systems.is_tripped(connection, values["waits_for"]):
            # the breaker was reset between the call and this row
            deliveries.release_system(connection, values["waits_for"], machine_now())

    def _tell(self, connection: sa.Connection, run: Run, event: Event, reason: str) -> None:
        """A dead letter: its owner is told in the ticket, an admin by an alert."""
        failed = ledger.failed_rule(connection, run.delivery)
        now = machine_now()
        source, ticket = ticket_of(connection, event) or ("webcrm", None)
        about = {"rule": failed, "ticket_source": source, "ticket_id": ticket}
        tell_stopped(connection, DeadLetterEvent(occurred_at=now, delivery=run.label, reason=reason, **about))
        self._factory.alert(connection, f"dead:{run.label}", "alert_dead_letter", delivery=run.label, reason=reason)

    def _case_now(self, delivery: Delivery, event: Event) -> str:
        """The case under which the delivery belongs by the link table of now."""
        ref = getattr(event, "issue", None)
        if ref is None:
            return delivery.case_id
        with reading(self._engine) as connection:
            link = links.of_issue(connection, ref.site, ref.id)
        return ticket_case(link.source, link.ticket_id) if link else issue_case(ref)

    def _config_of(self, delivery: Delivery) -> Config:
        """The configuration that the delivery began with, else the current one, which is kept from now on.

        Where the sites are is asked anew: a call to an address of before would trip the breaker for everybody.
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
            # written by an earlier release whose models were others
            log.warning("the configuration of that time cannot be read", version=version, faults=len(error.faults))
            return current


def _must_wait(delivery: Delivery) -> bool:
    """A dead letter waits for a person, the others for their moment or for a system that is down."""
    return delivery.state == "dead" or delivery.due_at is None or delivery.due_at > machine_now()


def _finished(state: str, reason: str | None) -> dict[str, Any]:
    return {"state": state, "reason": reason, "finished_at": machine_now(), "due_at": None}


def _is_own(event: Event, desk: Desk) -> bool:
    """True for what the bot's own account did in Jira."""
    actor = getattr(event, "actor", None)
    ref = getattr(event, "issue", None)
    return actor is not None and ref is not None and actor.account_id == desk.jira.reading.own_account(ref.site)
