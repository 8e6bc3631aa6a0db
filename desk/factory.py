"""The factory: opens a desk for each delivery, and keeps what the desks of one process share."""

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
from desk.action_ledger import ActionLedger
from desk.actions import OWN, Action, Find, Result, Warnings
from desk.chats import Chats
from desk.circuit_breaker import CircuitBreaker, Onlooker
from desk.clock import DeskClock, machine_now
from desk.context import Alerts, DeskContext, Post
from desk.crm.client import SYSTEM, WebCrm
from desk.desk import Desk
from desk.dry_run import DryLedger
from desk.faults import AbsentError
from desk.http import session_for
from desk.jira.client import JiraSite, system_of
from desk.jira.directory import Directory
from desk.moments import Wall
from desk.network import Network
from desk.places import Places
from desk.run import Run
from desk.run_ledger import RunLedger
from desk.templates import Templates
from desk.usedesk.client import SYSTEM as USEDESK
from desk.usedesk.client import Usedesk, UsedeskAccount
from desk.usedesk.limit import Limit
from desk.usedesk.memory import Memory
from store import systems
from store.committer import Transactions
from store.ledger import Recorded

ROOT = Path(__file__).parent.parent
Client = TypeVar("Client", JiraSite, WebCrm, Usedesk)


class DeskFactory:
    """Makes desks. Clients are kept per thread (a requests session is not thread-safe), caches per process."""

    def __init__(self, engine: sa.Engine, settings: Settings, post: Post, clock: DeskClock) -> None:
        self.engine = engine
        self.transactions = Transactions(engine)
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

    def open(
        self, run: Run, config: Config, now: datetime, ticket: Callable[[], tuple[str, str] | None]
    ) -> tuple[Desk, RunLedger]:
        """Return the desk of a real run, and its ledger; the agent of `ticket` (source, id) is warned by notes."""
        config = config.at(now)

        def warn(action: Action, key: str) -> None:
            about = ticket() if self._is_said(action) else None
            if about is not None:
                self._warn(config, run, about, self._warning(config, action), f"warning:{key}")

        def find(action: Action) -> Find[Result] | None:
            about = ticket() if self._is_said(action) else None
            if about is None or about[0] != USEDESK:
                return None
            number, text = about[1], self._warning(config, action)
            warned = Result(outcome="warned", after=action.intent)
            return lambda _: warned if desk.usedesk.stands(number, text) else None

        settle = config.runtime.search_settle
        actions = RunLedger(self.transactions, run, self._modes(config), Warnings(warn, find), settle)
        desk = self._desk(config, actions, now, run)
        return desk, actions

    def _is_said(self, action: Action) -> bool:
        """Whether a warning tells of the action; one without words, such as a note or comment, is just held back."""
        return self.templates.has_note(f"verb_{action.name}")

    def _warning(self, config: Config, action: Action) -> str:
        rule, words = config.rules.rules[action.why], self.templates.note(f"verb_{action.name}")
        return self.templates.note("rule_warning", rule=rule.id, quote=rule.said, action=words)

    def _warn(self, config: Config, run: Run, ticket: tuple[str, str], text: str, key: str) -> None:
        source, number = ticket
        if source not in self._settings.crms:
            return
        if source == SYSTEM:
            self.crm(config).asked_by(run).note(number, text, key)
        elif source == USEDESK:
            self.usedesk(config).asked_by(run).comment(number, text)

    def systems(self, config: Config) -> list[str]:
        """Return the systems that this bot calls, by the names of their circuit breakers."""
        return [*map(system_of, config.jira.sites), *self._settings.crms]

    def dry(self, config: Config, label: str, known: Recorded | None = None) -> tuple[Desk, DryLedger]:
        """Return a desk that only reads, and the ledger of what it would do; `known`: what was done already."""
        now = self.clock.now()
        config = config.at(now)
        actions = DryLedger(self.engine, label, self._modes(config), known)
        return self._desk(config, actions, now, Run.dry(label)), actions

    def _desk(self, config: Config, actions: ActionLedger, now: datetime, run: Run) -> Desk:
        """Make a desk whose clients ask `run` before each write whether they may."""

        def for_run(client: Client) -> Client:
            return client.asked_by(run)

        context = DeskContext(
            engine=self.engine,
            config=config,
            actions=actions,
            templates=self.templates.read_by(Wall.of(config, now)),
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
        return Desk(context)

    def site(self, config: Config, name: str) -> JiraSite:
        """Return this thread's client of a Jira site."""
        site = config.jira.sites[name]
        key = (name, site.url, site.user, site.token.get_secret_value(), config.runtime.http)
        client: JiraSite = self._mine(key, lambda: JiraSite(name, site, self.session(config), self._breaker(config)))
        return client

    def looked_at(self, config: Config, name: str) -> JiraSite:
        """Return a client of a Jira site for an examination: its failures do not affect the running bot."""
        breaker = Onlooker(self.engine, config.runtime, _nobody)
        return JiraSite(name, config.jira.sites[name], self.session(config), breaker)

    def crm(self, config: Config) -> WebCrm:
        """Return this thread's client of WebCRM. Raises `AbsentError`."""
        self._present(SYSTEM)
        url, token = self._settings.webcrm_url or "", self._settings.webcrm_token or SecretStr("")
        crm: WebCrm = self._mine(
            ("webcrm", config.runtime.http), lambda: WebCrm(url, token, self.session(config), self._breaker(config))
        )
        return crm

    @property
    def usedesk_agent(self) -> str:
        """The agent in whose name the bot writes in Usedesk."""
        return self._settings.usedesk_agent_id or ""

    def usedesk(self, config: Config, reserve: int = 0) -> Usedesk:
        """Return this thread's client of Usedesk, which leaves `reserve` calls of the limit to others.

        Raises `AbsentError`.
        """
        self._present(USEDESK)
        given = self._settings
        account = UsedeskAccount(given.usedesk_url or "", given.usedesk_token or SecretStr(""), self.usedesk_agent)
        client: Usedesk = self._mine(
            ("usedesk", reserve, config.runtime.http),
            lambda: Usedesk(account, self.session(config), self._breaker(config), Limit(self.engine, reserve=reserve)),
        )
        return client

    def _present(self, crm: str) -> None:
        if crm not in self._settings.crms:
            raise AbsentError(crm)

    def probe(self, config: Config, system: str) -> None:
        """Check whether a system is back, by one cheap call that bypasses its circuit breaker; raises like any call."""
        kind, _, name = system.partition(":")
        if kind == "jira":
            self.site(config, name).myself()
        elif kind == "usedesk":
            self.usedesk(config).alive()
        else:
            self.crm(config).alive()

    def alert(self, connection: sa.Connection, key: str, name: str, **values: object) -> None:
        """Raise an alert in the caller's transaction, once per key."""
        self._alerts.raise_once(connection, key, name, **values)

    def _mine(self, key: Any, make: Callable[[], Any]) -> Any:
        kept: dict[Any, Any] = self._kept.__dict__.setdefault("clients", {})
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def session(self, config: Config) -> requests.Session:
        """Return a session for calls to other systems."""
        return session_for(config.runtime.http, self._network)

    def _breaker(self, config: Config) -> CircuitBreaker:
        def alert(connection: sa.Connection, name: str, values: Mapping[str, Any]) -> None:
            key = f"down:{values.get('system')}:{machine_now():%Y-%m-%dT%H:%M}"
            if until := values.get("until"):
                key = f"pause:{values['scope']}:{until:%Y-%m-%dT%H:%M:%S.%f}"
                values = {**values, "until": Wall.of(config, machine_now()).say(until)}
            self._alerts.raise_once(connection, key, name, **values)

        return CircuitBreaker(self.engine, config.runtime, alert, self.places)

    def keep(self, config: Config) -> str:
        """Store a configuration for the deliveries that start with it; return its version."""
        with self.engine.begin() as connection:
            systems.keep_config(connection, config.version, config.dump(), machine_now())
        return config.version

    @staticmethod
    def _modes(config: Config) -> Callable[[str], Mode]:
        return lambda rule: "act" if rule == OWN else config.rules.mode(rule)


def _nobody(_connection: sa.Connection, _name: str, _values: Mapping[str, Any]) -> None:
    """Alert nobody."""
