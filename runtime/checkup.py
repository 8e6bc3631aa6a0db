"""`flask doctor`: the house, the systems around it, and whether events come in; nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import requests
import sqlalchemy as sa

from config import Config, Mode
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.faults import Fault, Later, classify
from desk.gates import LONG
from desk.jira.examination import examine
from desk.symptoms import Symptom, fault, good, moved, warning
from desk.usedesk.client import SYSTEM as USEDESK
from runtime.clock import SILENT
from runtime.process import Process
from store import browse, switches, systems

MODES: tuple[Mode, ...] = ("act", "warn", "observe", "off")
DOORS = {"jira": "/webhooks/jira", WEBCRM: "/webhooks/webcrm", USEDESK: "/webhooks/usedesk/…"}


def check_up(process: Process) -> Iterator[Symptom]:
    """All symptoms: templates, rules, processes, what is stopped, then each system and its events."""
    config = process.switchboard.current()
    yield from (fault("template_wrong", said=said) for said in process.office.templates.check())
    yield from _rules(config, process.settings.crms)
    with process.engine.connect() as connection:
        yield from _processes(connection, config)
        yield from _stopped(connection, process.office.systems(config))
    for name in config.jira.sites:
        yield from examine(process.office.looked_at(config, name), config)
    crms = [name for name in process.office.systems(config) if name in DOORS]
    for name in crms:
        yield _probed(process, config, name)
    with process.engine.connect() as connection:
        for name in ("jira", *crms):
            yield _heard(connection, name)
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
    for gate in systems.gates(connection):
        if gate.closed_at and gate.name in known:
            yield warning("gate_closed", system=gate.name, reason=gate.reason)
    now = machine_now()
    for pause in systems.pauses_in_force(connection, now):
        if pause.until - now > LONG:
            yield warning("long_pause", scope=pause.scope, until=pause.until)


def _probed(process: Process, config: Config, name: str) -> Symptom:
    try:
        process.office.probe(config, name)
    except Fault as silent:
        if isinstance(silent, Later) and silent.at is not None:
            return warning("system_busy", system=name, reason=silent.reason)
        return fault(f"{name}_silent", reason=silent.reason)
    except requests.RequestException as error:
        trouble = classify(error)
        return moved(name, trouble) if trouble.moved_to else fault(f"{name}_silent", reason=trouble.reason)
    return good("system_answers", system=name)


def _heard(connection: sa.Connection, source: str) -> Symptom:
    newest = browse.page(connection, browse.Filter(source=source), (source,)).rows[:1]
    if not newest:
        return warning("never_heard", system=source, door=DOORS[source])
    return good("heard", system=source, at=newest[0].received_at)
