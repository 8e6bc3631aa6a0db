"""Looks at a case: takes its unfinished deliveries in sequence and runs the handlers of each.

Stops when none is left or one must wait. Nothing waits in memory: what must wait is a row again.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from config import Config, ConfigError, Watch
from desk.clock import machine_now
from desk.desk import Desk
from desk.faults import Dead, Later, LeaseLostError
from desk.office import Office
from desk.run import Run
from events import (
    AlarmEvent,
    AlertEvent,
    DeadLetterEvent,
    Event,
    HeardEvent,
    JiraAskedEvent,
    RecoveredEvent,
    RequestEvent,
    SaidEvent,
    TicketEvent,
    issue_case,
    load_event,
    ticket_case,
)
from handlers import PROCEDURES
from runtime.dead_letters import tell_recovered, tell_stopped
from runtime.outage import DATABASE_AWAY
from runtime.switchboard import Switchboard
from store import deliveries, findings, ledger, links, requests, systems
from store.cases import wake_workers
from store.database import reading
from store.deliveries import Delivery

log = structlog.get_logger("runner")


class Runner:
    """Runs deliveries for one worker process. `stopping` true: begin no new verb; `worker`: who leases the cases."""

    def __init__(self, office: Office, watch: Watch) -> None:
        self._office = office
        self._switchboard = Switchboard(office.engine, watch)
        self._engine = office.engine
        self._configs: dict[str, Config] = {}
        self.stopping: Callable[[], bool] = bool
        self.worker: str | None = None

    def look_at(self, case_id: str) -> None:
        """Do what can be done in this case now."""
        while not self.stopping() and self._go_on(case_id):
            pass

    def _go_on(self, case_id: str) -> bool:
        """Run the delivery whose turn it is; False when there is none or the case must wait."""
        with reading(self._engine) as connection:
            delivery = deliveries.first_unfinished(connection, case_id)
        if delivery is None:
            return False
        if _must_wait(delivery):
            self._hold_back(delivery)
            return False
        return self._run(delivery)

    def _hold_back(self, delivery: Delivery) -> None:
        """The case's later deliveries wait as long as its first one does."""
        with self._engine.begin() as connection:
            due_at = delivery.due_at if delivery.state == "waiting" else None
            deliveries.hold_back(connection, delivery.case_id, after=delivery.id, due_at=due_at)

    def _run(self, delivery: Delivery) -> bool:
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
        config = self._config_of(delivery)
        now = delivery.taken_at or self._office.clock.now()
        run = Run(delivery.id, delivery.label, case, str(uuid.uuid4()), self.stopping, self.worker)
        with self._engine.begin() as connection:
            if not deliveries.take(connection, delivery, token=run.token, now=now, config_version=config.version):
                return True
        begun = machine_now()
        values = self._outcome(run, delivery, event, lambda: self._desk(run, config, now, event))
        took = (machine_now() - begun) / timedelta(milliseconds=1)
        log.info("delivery", delivery=run.label, case=case, type=delivery.type, outcome=values["state"], ms=round(took))
        return self._let_go(run, delivery, event, values)

    def _bury(self, delivery: Delivery, reason: str) -> None:
        """End a delivery that cannot even be begun."""
        with self._engine.begin() as connection:
            if deliveries.refuse(connection, delivery, reason, machine_now()):
                deliveries.hold_back(connection, delivery.case_id, after=delivery.id, due_at=None)
                values = {"delivery": delivery.label, "reason": reason}
                self._office.alert(connection, f"dead:{delivery.label}", "alert_dead_letter", **values)

    def _desk(self, run: Run, config: Config, now: datetime, event: Event) -> Desk:
        with reading(self._engine) as connection:
            ticket = _ticket_of(connection, event)
        return self._office.open(run, config, now, ticket)

    def _outcome(self, run: Run, delivery: Delivery, event: Event, desk: Callable[[], Desk]) -> dict[str, Any]:
        """Run the procedures; the delivery's columns that say how it ended."""
        try:
            return self._play(delivery, event, desk)
        except LeaseLostError:
            return {"state": "waiting", "due_at": machine_now()}
        except Later as later:
            return self._later(delivery, later)
        except Dead as dead:
            return _finished("dead", dead.reason)
        except Exception as error:
            # a fault of our own: the row keeps it, a person sees it, a later release may replay it
            log.exception("delivery failed", delivery=run.label)
            return _finished("dead", f"{type(error).__name__} in our own code; see the log of the worker")

    @staticmethod
    def _play(delivery: Delivery, event: Event, desk: Callable[[], Desk]) -> dict[str, Any]:
        try:
            opened = desk()
            if _is_own(event, opened):
                return _finished("ignored", "the bot's own event")
            for procedure in PROCEDURES.get(delivery.type, ()):
                procedure(event, opened)
        except DATABASE_AWAY as error:
            raise Later("our database did not answer") from error
        return _finished("done", None)

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

    def _let_go(self, run: Run, delivery: Delivery, event: Event, values: dict[str, Any]) -> bool:
        with self._engine.begin() as connection:
            if not deliveries.let_go(connection, delivery.id, run.token, **values):
                return False
            if values["state"] in ("waiting", "dead"):
                due_at = values.get("due_at")
                deliveries.hold_back(connection, run.case, after=delivery.id, due_at=due_at)
            else:
                deliveries.let_follow(connection, run.case, machine_now())
            if values["state"] == "dead" and not isinstance(event, AlertEvent | DeadLetterEvent | RecoveredEvent):
                self._tell(connection, run, event, values["reason"])
            if values["state"] == "done" and delivery.finished_at is not None:
                tell_recovered(connection, run.label)
            if values.get("waits_for") and not systems.is_closed(connection, values["waits_for"]):
                # the gate opened between the call and this row
                deliveries.release_system(connection, values["waits_for"], machine_now())
        return values["state"] in ("done", "ignored")

    def _tell(self, connection: sa.Connection, run: Run, event: Event, reason: str) -> None:
        """A dead letter: its owner hears of it in the ticket, an admin by an alert."""
        failed = ledger.failed_rule(connection, run.delivery)
        now = machine_now()
        source, ticket = _ticket_of(connection, event) or ("webcrm", None)
        about = {"rule": failed, "ticket_source": source, "ticket_id": ticket}
        tell_stopped(connection, DeadLetterEvent(occurred_at=now, delivery=run.label, reason=reason, **about))
        self._office.alert(connection, f"dead:{run.label}", "alert_dead_letter", delivery=run.label, reason=reason)

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

        Where the sites are is asked anew: a call to an address of before would close the gate for everybody.
        """
        current = self._switchboard.current()
        version = delivery.config_version or current.version
        if version not in self._configs:
            self._configs[version] = self._load(version, current)
        begun_with = self._configs[version]
        sites = begun_with.jira.sites | current.jira.sites
        return begun_with.model_copy(update={"jira": begun_with.jira.model_copy(update={"sites": sites})})

    def _load(self, version: str, current: Config) -> Config:
        if version == current.version:
            self._office.keep(current)
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


def _ticket_of(connection: sa.Connection, event: Event) -> tuple[str, str] | None:
    """The ticket (source, id) that an event is about: its own, that of its issue, or of its request."""
    if isinstance(event, HeardEvent):
        event = event.event
    if isinstance(event, TicketEvent):
        return event.source, event.ticket.id
    if isinstance(event, DeadLetterEvent | RecoveredEvent):
        return (event.ticket_source, event.ticket_id) if event.ticket_id else None
    if isinstance(event, JiraAskedEvent | SaidEvent):
        return event.ticket_source, event.ticket_id
    if isinstance(event, RequestEvent):
        return _asked(connection, event.request)
    return _of_alarm(connection, event) if isinstance(event, AlarmEvent) else _of_issue(connection, event)


def _of_alarm(connection: sa.Connection, event: AlarmEvent) -> tuple[str, str] | None:
    if event.of == "watch":
        watch = findings.get(connection, event.number)
        return (watch.source, watch.ticket_id) if watch else None
    return _asked(connection, event.number) if event.of in ("request", "client") else None


def _of_issue(connection: sa.Connection, event: Event) -> tuple[str, str] | None:
    ref = getattr(event, "issue", None)
    link = links.of_issue(connection, ref.site, ref.id) if ref is not None else None
    return (link.source, link.ticket_id) if link else None


def _asked(connection: sa.Connection, number: int) -> tuple[str, str] | None:
    request = requests.get(connection, number)
    return (request.source, request.ticket_id) if request else None


def _finished(state: str, reason: str | None) -> dict[str, Any]:
    return {"state": state, "reason": reason, "finished_at": machine_now(), "due_at": None}


def _is_own(event: Event, desk: Desk) -> bool:
    """True for what the bot's own account did in Jira."""
    actor = getattr(event, "actor", None)
    ref = getattr(event, "issue", None)
    return actor is not None and ref is not None and actor.account_id == desk.jira.own_account(ref.site)
