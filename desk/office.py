"""The office: opens a desk for each delivery, and keeps what desks share in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
import sqlalchemy as sa
from pydantic import SecretStr

from config import Config, Mode
from config.settings import Settings
from desk.calendar import WorkCalendar
from desk.chats import Chats
from desk.clock import Clock, machine_now
from desk.crm.client import SYSTEM, WebCrm
from desk.desk import OWN, Desk
from desk.dry_run import DryJournal
from desk.faults import AbsentError
from desk.gates import Gates, Onlooker
from desk.http import session_for
from desk.jira.client import JiraSite, system_of
from desk.jira.directory import Directory
from desk.journal import Done, Find, Journal, LedgerJournal, Verb, Warnings
from desk.network import Network
from desk.places import Places
from desk.run import Run
from desk.surroundings import Alerts, Post, Surroundings
from desk.templates import Templates
from desk.usedesk.client import SYSTEM as USEDESK
from desk.usedesk.client import Account, Usedesk
from desk.usedesk.limit import Limit
from desk.usedesk.memory import Memory
from store import systems
from store.ledger import Recorded

ROOT = Path(__file__).parent.parent
Client = TypeVar("Client", JiraSite, WebCrm, Usedesk)
# Notes and comments are words, not deeds: a rule in mode warn keeps them back and has nothing to add.
SAID_IN_WARNINGS = frozenset(
    {
        "create_issue",
        "choose_components",
        "add_components",
        "link_ticket",
        "link_back",
        "write_key",
        "close_ticket",
        "take_over_issue",
        "remove_neighbour_component",
        "take_in_work",
        "return_to_queue",
        "ask_seller",
        "wait_for_seller",
        "say_what_was_done",
        "begin_hold",
        "end_hold",
        "turn_into_hold",
        "open_request",
        "reply_to_client",
        "climb_ladder",
    }
)


class Office:
    """Clients are kept per thread (a session of requests is not safe to share), caches per process."""

    def __init__(self, engine: sa.Engine, settings: Settings, post: Post, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.templates = Templates(ROOT)
        self.places = Places()
        self._settings = settings
        self._network = Network.of(settings)
        self._alerts = Alerts(self.templates, post)
        self._post = post
        self.directory = Directory()
        self._memory = Memory(engine, clock.now)
        self._kept = threading.local()

    def open(self, run: Run, config: Config, now: datetime, ticket: tuple[str, str] | None) -> Desk:
        """The desk of a real run; warnings go to the agent of `ticket` (source, id) as internal notes."""
        mode_of = self._modes(config)

        def warn(verb: Verb, key: str) -> None:
            if ticket is not None and verb.name in SAID_IN_WARNINGS:
                self._warn(config, run, ticket, self._warning(config, verb), f"warning:{key}")

        def find(verb: Verb) -> Find | None:
            if ticket is None or ticket[0] != USEDESK or verb.name not in SAID_IN_WARNINGS:
                return None
            number, text = ticket[1], self._warning(config, verb)
            return lambda _: Done(outcome="warned", after=verb.intent) if desk.usedesk.stands(number, text) else None

        journal = LedgerJournal(self.engine, run, mode_of, Warnings(warn, find), config.runtime.search_settle)
        desk = self._desk(config, journal, now, run)
        return desk

    def _warning(self, config: Config, verb: Verb) -> str:
        rule, action = config.rules.rules[verb.why], self.templates.note(f"verb_{verb.name}")
        return self.templates.note("rule_warning", rule=rule.id, quote=rule.said, action=action)

    def _warn(self, config: Config, run: Run, ticket: tuple[str, str], text: str, key: str) -> None:
        source, number = ticket
        if source not in self._settings.crms:
            return
        if source == SYSTEM:
            self.crm(config).asked_by(run).note(number, text, key)
        elif source == USEDESK:
            self.usedesk(config).asked_by(run).comment(number, text)

    def systems(self, config: Config) -> list[str]:
        """The systems that this bot speaks to, by the names of their gates."""
        return [*map(system_of, config.jira.sites), *self._settings.crms]

    def dry(self, config: Config, label: str, done: Recorded | None = None) -> tuple[Desk, DryJournal]:
        """A desk that looks and never writes, and the journal of what it would do; `done`: what is done already."""
        journal = DryJournal(self._modes(config), done)
        return self._desk(config, journal, self.clock.now(), Run.dry(label)), journal

    def _desk(self, config: Config, journal: Journal, now: datetime, run: Run) -> Desk:
        """`run`: it is asked before each write whether it may."""

        def for_run(client: Client) -> Client:
            return client.asked_by(run)

        around = Surroundings(
            engine=self.engine,
            config=config,
            journal=journal,
            templates=self.templates,
            directory=self.directory,
            alerts=self._alerts,
            post=self._post,
            chats=Chats(self.places, lambda: run.confirm(self.engine)),
            site=lambda name: for_run(self.site(config, name)),
            crm=lambda: for_run(self.crm(config)),
            usedesk=lambda: for_run(self.usedesk(config)),
            memory=self._memory,
            now=now,
            label=run.label,
            case=run.case,
        )
        return Desk(around)

    def site(self, config: Config, name: str) -> JiraSite:
        """The client of a Jira site for this thread."""
        site = config.jira.sites[name]
        key = (name, site.url, site.user, site.token.get_secret_value(), config.runtime.http)
        client: JiraSite = self._mine(key, lambda: JiraSite(name, site, self._session(config), self._gates(config)))
        return client

    def looked_at(self, config: Config, name: str) -> JiraSite:
        """A client of a Jira site for an examination: what it meets says nothing to the bot at work."""
        gates = Onlooker(self.engine, config.runtime, _nobody)
        return JiraSite(name, config.jira.sites[name], self._session(config), gates)

    def crm(self, config: Config) -> WebCrm:
        """The client of WebCRM for this thread. Raises AbsentError."""
        self._present(SYSTEM)
        url, token = self._settings.webcrm_url or "", self._settings.webcrm_token or SecretStr("")
        crm: WebCrm = self._mine(
            ("webcrm", config.runtime.http), lambda: WebCrm(url, token, self._session(config), self._gates(config))
        )
        return crm

    @property
    def usedesk_agent(self) -> str:
        """The agent whom the bot writes as in Usedesk."""
        return self._settings.usedesk_agent_id or ""

    def usedesk(self, config: Config, reserve: int = 0) -> Usedesk:
        """The client of Usedesk for this thread; `reserve`: it leaves so many calls of the limit to others.

        Raises AbsentError.
        """
        self._present(USEDESK)
        given = self._settings
        account = Account(given.usedesk_url or "", given.usedesk_token or SecretStr(""), self.usedesk_agent)
        client: Usedesk = self._mine(
            ("usedesk", reserve, config.runtime.http),
            lambda: Usedesk(account, self._session(config), self._gates(config), Limit(self.engine, reserve=reserve)),
        )
        return client

    def _present(self, crm: str) -> None:
        if crm not in self._settings.crms:
            raise AbsentError(crm)

    def probe(self, config: Config, system: str) -> None:
        """Ask a system whether it is back, by one cheap call past its gate; raises as any call does."""
        kind, _, name = system.partition(":")
        if kind == "jira":
            self.site(config, name).myself()
        elif kind == "usedesk":
            self.usedesk(config).alive()
        else:
            self.crm(config).alive()

    def alert(self, connection: sa.Connection, key: str, name: str, **values: object) -> None:
        """Raise an alert in the caller's transaction; the same key once."""
        self._alerts.raise_once(connection, key, name, **values)

    def _mine(self, key: Any, make: Callable[[], Any]) -> Any:
        kept: dict[Any, Any] = self._kept.__dict__.setdefault("clients", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def _session(self, config: Config) -> requests.Session:
        return session_for(config.runtime.http, self._network)

    def _gates(self, config: Config) -> Gates:
        def alert(connection: sa.Connection, name: str, values: Mapping[str, Any]) -> None:
            key = f"down:{values.get('system')}:{machine_now():%Y-%m-%dT%H:%M}"
            if until := values.get("until"):
                key = f"pause:{values['scope']}:{until:%Y-%m-%dT%H:%M:%S.%f}"
                values = {**values, "until": f"{WorkCalendar(config.calendar.named()).local(until):%d.%m.%Y %H:%M}"}
            self._alerts.raise_once(connection, key, name, **values)

        return Gates(self.engine, config.runtime, alert, self.places)

    def keep(self, config: Config) -> str:
        """Keep a configuration for the deliveries that begin with it; its version."""
        with self.engine.begin() as connection:
            systems.keep_config(connection, config.version, config.dump(), machine_now())
        return config.version

    @staticmethod
    def _modes(config: Config) -> Callable[[str], Mode]:
        return lambda rule: "act" if rule == OWN else config.rules.mode(rule)


def _nobody(_connection: sa.Connection, _name: str, _values: Mapping[str, Any]) -> None:
    """Nobody is alerted."""
