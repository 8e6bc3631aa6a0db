"""`flask doctor`: checks the processes, the systems around them and whether events come in. It changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import requests
import sqlalchemy as sa

from config import Config, Mode
from desk.circuit_breaker import LONG
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.faults import ActionFault, Kind, Later, classify
from desk.jira.examination import examine
from desk.symptoms import Symptom, fault, good, moved, warning
from desk.usedesk.client import SYSTEM as USEDESK
from runtime.checkup_jira import asked_besides
from runtime.checkup_outside import seen_from_outside
from runtime.checkup_people import look_at_addresses, look_for_roles
from runtime.clock import SILENT
from runtime.process import Process
from store import browse, polls, switches, systems

MODES: tuple[Mode, ...] = ("act", "warn", "observe", "off")
DOORS = {
    "jira": "/webhooks/jira",
    "automation": "/webhooks/jira-automation",
    "forge": "/webhooks/forge",
    WEBCRM: "/webhooks/webcrm",
    USEDESK: "/webhooks/usedesk/…",
}


def check_up(process: Process, *, tell: bool = False) -> Iterator[Symptom]:
    """Yield all symptoms: templates, rules, processes, what is stopped, each system and its events, then people.

    With `tell`, every chat and mailbox gets a test message.
    """
    config = process.effective_config.current()
    yield from (fault("template_wrong", said=said) for said in process.factory.templates.check())
    yield from _rules(config.at(machine_now()), process.settings.crms)
    with process.engine.connect() as connection:
        yield from _processes(connection, config)
        yield from _stopped(connection, process.factory.systems(config))
    for name in config.jira.sites:
        yield from examine(process.factory.looked_at(config, name), config)
        yield from asked_besides(process, config, name)
    crms = [name for name in process.factory.systems(config) if name in DOORS]
    for name in crms:
        yield _probed(process, config, name)
    with process.engine.connect() as connection:
        for name in ("jira", *process.settings.further_doors, *crms):
            yield _heard(connection, name)
        if USEDESK in crms:
            yield _zone(connection)
        yield from look_for_roles(connection, config, process.settings)
    yield from seen_from_outside(process, config)
    yield from look_at_addresses(process, config, tell=tell)
    if not config.alerts.urls:
        yield warning("no_alerts")
    if linked := process.settings.guesses_its_address(config.reports.card.ancestors):
        yield warning("no_public_url", linked=", ".join(linked))


def _rules(config: Config, crms: Collection[str]) -> Iterator[Symptom]:
    rules = config.rules.rules
    modes = Counter(config.rules.mode(name) for name, rule in rules.items() if rule.built and rule.applies(crms))
    counts = {mode: modes[mode] for mode in MODES}
    yield good("rules", **counts) if modes["act"] else warning("rules_only_watch", **counts)


def _processes(connection: sa.Connection, config: Config) -> Iterator[Symptom]:
    now, lease = machine_now(), config.runtime.worker_lease
    workers = sum(now - row.seen_at <= lease for row in systems.workers_known(connection))
    clocks = sum(now - row.seen_at <= SILENT for row in systems.clocks_known(connection))
    yield good("workers", count=workers) if workers else fault("no_worker")
    yield good("clocks") if clocks else fault("no_clock")


def _stopped(connection: sa.Connection, known: Collection[str]) -> Iterator[Symptom]:
    counts = browse.open_counts(connection)
    if counts["dead"]:
        yield warning("dead_letters", count=counts["dead"])
    if paused := switches.paused(connection):
        yield warning("paused", reason=paused.reason)
    for breaker in systems.breakers(connection):
        if breaker.closed_at and breaker.name in known:
            yield warning("breaker_tripped", system=breaker.name, reason=breaker.reason)
    now = machine_now()
    for limit in systems.rate_limits_in_force(connection, now):
        if limit.until - now > LONG:
            yield warning("long_rate_limit", scope=limit.scope, until=limit.until)


def _probed(process: Process, config: Config, name: str) -> Symptom:
    try:
        process.factory.probe(config, name)
    except ActionFault as silent:
        if isinstance(silent, Later) and silent.at is not None:
            return warning("system_busy", system=name, reason=silent.reason)
        return fault(f"{name}_silent", reason=silent.reason)
    except requests.RequestException as error:
        trouble = classify(error)
        if trouble.kind is Kind.BUSY:
            return warning("system_busy", system=name, reason=trouble.reason)
        return moved(name, trouble) if trouble.moved_to else fault(f"{name}_silent", reason=trouble.reason)
    return good("system_answers", system=name)


def _zone(connection: sa.Connection) -> Symptom:
    """Usedesk's dates name no time zone, so polling infers it from them."""
    minutes = polls.zone(connection, USEDESK)
    if minutes is None:
        return good("usedesk_zone_unknown")
    return good("usedesk_zone", hours=f"{minutes / 60:+g}")


def _heard(connection: sa.Connection, source: str) -> Symptom:
    newest = browse.page(connection, browse.Filter(source=source), (source,)).rows[:1]
    if not newest:
        return warning("never_heard", system=source, door=DOORS[source])
    return good("heard", system=source, at=newest[0].received_at)
