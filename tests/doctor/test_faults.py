"""Each thing that can be wrong, alone: it is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from desk.clock import machine_now
from sandbox import jira_projects
from sandbox.clock import jira_stamp
from sandbox.jira_fields import writable
from sandbox.live import LiveSandbox
from store import switches, systems
from store.tables import deliveries
from tests.databases import Sqlite
from tests.doctor.asked import ROOT, hook, rows
from tests.web.site import NOWHERE

Change = Callable[[str, str], None]


@dataclass(frozen=True)
class Installation:
    """What can be spoilt."""

    sandbox: LiveSandbox
    engine: sa.Engine
    address: str
    table_of: Callable[[str], Change]
    monkeypatch: pytest.MonkeyPatch

    def set(self, name: str, value: str) -> None:
        """An environment variable."""
        self.monkeypatch.setenv(name, value)

    def fault(self, match: str, **what: object) -> None:
        """The answer of a system to a call."""
        self.sandbox.fault(system=what.pop("system", "jira"), match=match, **what)

    def sql(self, text: str) -> None:
        """A change in the database."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(text))


@pytest.fixture
def database_url(sqlite: Sqlite, tmp_path: Path) -> Iterator[str]:
    """One database is enough: what is wrong does not depend on which."""
    url = sqlite.fresh(tmp_path)
    yield url
    sqlite.drop(url)


@pytest.fixture
def desk(request: pytest.FixtureRequest, sandbox: LiveSandbox, public: str) -> Installation:
    """An installation of which doctor has nothing to say."""
    hook(sandbox, public)
    project = sandbox.call("GET", "/rest/api/3/project/FBO")
    there = {component["name"] for component in project["components"]}
    jira = yaml.safe_load((ROOT / "config/jira.yml").read_text(encoding="utf-8"))
    for name in sorted({*jira["components"]["fbo"]["by_warehouse"].values()} - there):
        sandbox.call("POST", "/rest/api/3/component", {"project": "FBO", "name": name})
    others = (request.getfixturevalue(name) for name in ("env", "table_of", "monkeypatch"))
    engine, table_of, monkeypatch = others
    return Installation(sandbox, engine, public, table_of, monkeypatch)


def take_away(right: str) -> Callable[[Installation], None]:
    """A right of the bot."""
    return lambda desk: desk.sandbox.permissions(**{right: False})


def call(match: str, **what: object) -> Callable[[Installation], None]:
    """A call that is answered otherwise."""
    return lambda desk: desk.fault(match, **what)


def write(before: str, after: str) -> Callable[[Installation], None]:
    """Something else in `jira.yml`."""
    return lambda desk: desk.table_of("jira.yml")(before, after)


def both(*changes: Callable[[Installation], None]) -> Callable[[Installation], None]:
    """One change after another."""

    def change(desk: Installation) -> None:
        for one in changes:
            one(desk)

    return change


def put(name: str, value: str) -> Callable[[Installation], None]:
    """A variable."""
    return lambda desk: desk.set(name, value)


def run(text: str) -> Callable[[Installation], None]:
    """A change in the database."""
    return lambda desk: desk.sql(text)


def rehook(*hooks: dict[str, object]) -> Callable[[Installation], None]:
    """Other webhooks in Jira."""

    def change(desk: Installation) -> None:
        for one in desk.sandbox.call("GET", "/rest/webhooks/1.0/webhook"):
            desk.sandbox.call("DELETE", f"/rest/webhooks/1.0/webhook/{one['self'].rsplit('/', 1)[1]}")
        for changes in hooks:
            hook(desk.sandbox, desk.address, **changes)

    return change


def off_screen(*fields: str) -> Callable[[Installation], None]:
    """Fields that do not stand on the create screens."""
    shown = lambda *given: [one for one in writable(*given) if one not in fields]  # noqa: E731
    return lambda desk: desk.monkeypatch.setattr(jira_projects, "writable", shown)


def require(field: str) -> Callable[[Installation], None]:
    """A field that Jira wants."""
    meta = jira_projects.field_meta

    def demanding(project: Any, name: str) -> dict[str, object]:
        return meta(project, name) | ({"required": True, "hasDefaultValue": False} if name == field else {})

    return lambda desk: desk.monkeypatch.setattr(jira_projects, "field_meta", demanding)


def skew(ahead: timedelta) -> Callable[[Installation], None]:
    """Another clock in Jira."""
    stamp = lambda at: jira_stamp(at + ahead)  # noqa: E731
    return lambda desk: desk.monkeypatch.setattr("sandbox.jira_site.jira_stamp", stamp)


def leave(account: str) -> Callable[[Installation], None]:
    """Somebody whose account is no more."""

    def change(desk: Installation) -> None:
        desk.table_of("holds.yml")("agents: {}", f"agents:\n  a17: '{account}'")
        if account == OPERATOR:
            desk.sandbox.call("POST", "/sandbox/jira/people", {account: False})

    return change


def stop(what: Callable[[sa.Connection], object]) -> Callable[[Installation], None]:
    """Something that is stopped."""

    def change(desk: Installation) -> None:
        with desk.engine.begin() as connection:
            what(connection)

    return change


def bury(connection: sa.Connection) -> None:
    """A dead letter."""
    row = {"source": "bot", "delivery_id": "1", "case_id": "1", "type": "x", "state": "dead", "body": "{}"}
    connection.execute(sa.insert(deliveries).values(row | {"received_at": machine_now()}))


def limit(connection: sa.Connection) -> None:
    """A rate limit of hours."""
    systems.set_rate_limit(connection, "jira:main POST /issue", machine_now() + timedelta(hours=5), None)


OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
NOBODY = "712020:00000000-0000-4000-8000-000000000000"
SSO = {"status": 302, "location": "https://sso.example.test/"}
RIGHTS = (
    *("CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "DELETE_OWN_COMMENTS", "ASSIGN_ISSUES", "TRANSITION_ISSUES"),
    *("LINK_ISSUES", "MODIFY_REPORTER", "SERVICEDESK_AGENT", "CREATE_ATTACHMENTS"),
)
HOOK = "/webhooks/jira"
FAULTS: dict[str, tuple[str, str, Callable[[Installation], None]]] = {
    **{f"no right {right}": ("fault", "rights_missing", take_away(right)) for right in RIGHTS},
    "projects unseen": ("fault", "project_unseen", take_away("BROWSE_PROJECTS")),
    "token of jira": ("fault", "jira_silent", put("JIRA_TOKEN", "revoked")),
    "token of webcrm": ("fault", "webcrm_silent", put("WEBCRM_TOKEN", "revoked")),
    "token of usedesk": ("fault", "usedesk_silent", put("USEDESK_TOKEN", "revoked")),
    "nobody at jira": ("fault", "jira_silent", put("JIRA_URL", NOWHERE)),
    "nobody at webcrm": ("fault", "webcrm_silent", put("WEBCRM_URL", f"{NOWHERE}/webcrm")),
    "nobody at usedesk": ("fault", "usedesk_silent", put("USEDESK_URL", f"{NOWHERE}/usedesk")),
    "a sign-in before jira": ("fault", "moved", call("GET /rest/api/3/myself", **SSO)),
    "a sign-in before webcrm": ("fault", "moved", call("GET /webcrm/tickets/0", system="webcrm", **SSO)),
    "a sign-in before usedesk": ("fault", "moved", call("POST /usedesk/groups", system="usedesk", **SSO)),
    "a page for jira": ("fault", "jira_silent", call("GET /rest/api/3/myself", status=200, body="<html>")),
    "statuses refused": ("warning", "not_examined", call("GET /rest/api/3/project/FBO/statuses", status=403)),
    "usedesk busy": ("warning", "system_busy", call("POST /usedesk/groups", system="usedesk", status=429)),
    "status in_work": ("fault", "status_missing", write("in_work: В работе", "in_work: В деле")),
    "status queue": ("fault", "status_missing", write("queue: Ожидает обработки", "queue: В очереди")),
    "status waiting_seller": (
        "fault",
        "status_missing",
        write("waiting_seller: Ожидает ответа продавца", "waiting_seller: Ждём"),
    ),
    "status done": ("fault", "status_missing", write("done: [Готово]", "done: [Готово, Отменено]")),
    "issue type": ("fault", "type_missing", write("escalation: Обращение партнёра", "escalation: Жалоба")),
    "issue type of holds": ("fault", "type_missing", write("hold_ozon: Обращение партнёра", "hold_ozon: Пауза")),
    "field of the ticket": ("fault", "field_not_on_screen", write("customfield_10050", "customfield_19999")),
    "field of the type": ("fault", "field_not_on_screen", write("customfield_10051", "customfield_19999")),
    "field of the subtype": ("fault", "field_not_on_screen", write("customfield_10052", "customfield_19999")),
    "field of the warehouse": ("fault", "field_not_on_screen", write("customfield_10053", "customfield_19999")),
    "no assignee on screens": ("fault", "field_not_on_screen", off_screen("assignee")),
    "no reporter on screens": ("fault", "field_not_on_screen", off_screen("reporter")),
    "no components on screens": ("fault", "field_not_on_screen", off_screen("components")),
    "required priority": ("fault", "field_required", require("priority")),
    "request type": ("fault", "request_type_missing", write('request_type: "104"', 'request_type: "999"')),
    "component": ("warning", "components_later", write("FF:Казань", "FF:Нигде")),
    "component not ours to make": (
        "fault",
        "components_missing",
        both(write("FF:Казань", "FF:Нигде"), write("create_components: true", "create_components: false")),
    ),
    "component that we may not make": (
        "fault",
        "components_not_allowed",
        both(write("FF:Казань", "FF:Нигде"), take_away("ADMINISTER_PROJECTS")),
    ),
    "account unknown": ("fault", "account_unknown", leave(NOBODY)),
    "account switched off": ("warning", "account_inactive", leave(OPERATOR)),
    "clock ahead": ("warning", "clock_skewed", skew(timedelta(minutes=9))),
    "clock behind": ("warning", "clock_skewed", skew(-timedelta(minutes=9))),
    "no webhook": ("fault", "hook_absent", rehook()),
    "two webhooks": ("warning", "hooks_several", rehook({}, {})),
    "webhook of another address": ("fault", "hook_drifted", rehook({"url": f"https://old.example.test{HOOK}"})),
    "webhook without events": ("fault", "hook_drifted", rehook({"events": ["comment_created"]})),
    "webhook of all projects": ("fault", "hook_drifted", rehook({"filters": {}})),
    "webhook switched off": ("fault", "hook_drifted", rehook({"enabled": False})),
    "webhook without a secret": ("fault", "hook_drifted", rehook({"secret": None})),
    "no worker": ("fault", "no_worker", run("DELETE FROM workers")),
    "no clock": ("fault", "no_clock", run("DELETE FROM clocks")),
    "nothing from jira": ("warning", "never_heard", run("DELETE FROM deliveries WHERE source = 'jira'")),
    "nothing from webcrm": ("warning", "never_heard", run("DELETE FROM deliveries WHERE source = 'webcrm'")),
    "nothing from usedesk": ("warning", "never_heard", run("DELETE FROM deliveries WHERE source = 'usedesk'")),
    "dead letter": ("warning", "dead_letters", stop(bury)),
    "paused": ("warning", "paused", stop(lambda connection: switches.pause(connection, "проверка", machine_now()))),
    "breaker tripped": (
        "warning",
        "breaker_tripped",
        stop(lambda c: systems.trip_breaker(c, "webcrm", reason="503", now=machine_now(), probe_at=None)),
    ),
    "long rate limit": ("warning", "long_rate_limit", stop(limit)),
    "rules only watch": ("warning", "rules_only_watch", put("RULES_DEFAULT_MODE", "observe")),
    "nobody to alert": ("warning", "no_alerts", put("ALERT_URLS", "")),
    "no admin": ("warning", "roles_missing", run("DELETE FROM users WHERE role = 'admin'")),
    "no lead": ("warning", "roles_missing", run("DELETE FROM users WHERE role = 'lead'")),
    "no agent": ("warning", "roles_missing", run("DELETE FROM users WHERE role = 'agent'")),
}


def test_an_installation_that_is_well(desk: Installation) -> None:
    assert [row for row in rows() if row["level"] != "good"] == [], desk


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_nothing_else(desk: Installation, name: str) -> None:
    level, code, spoil = FAULTS[name]
    spoil(desk)
    told = [row for row in rows() if row["level"] != "good"]
    assert {(row["level"], row["code"]) for row in told} == {(level, code)}, told
    assert all(row["mend"] for row in told)
