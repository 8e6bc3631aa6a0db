"""The desk: what a handler works with."""

from __future__ import annotations

from datetime import datetime

from apprise import Apprise

from config import Config
from desk.clock import machine_now
from desk.crm import CrmDesk
from desk.faults import Later
from desk.holds import HoldsDesk
from desk.jira import JiraDesk
from desk.journal import Done, Verb
from desk.surroundings import Surroundings
from desk.usedesk_checks import ChecksDesk
from events import AlertEvent

OWN = "own"  # the bot's own duty, not a rule of the manuals: always done


class Desk:
    """One desk for one run of one delivery: `desk.jira`, `desk.crm`, `desk.holds`, `desk.now`, `desk.config`.

    `now` is the moment at which the delivery was first taken up, and `config` the configuration of that moment.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.jira = JiraDesk(around)
        self.crm = CrmDesk(around)
        self.holds = HoldsDesk(around)
        self.checks = ChecksDesk(around)
        self.config: Config = around.config
        self.now: datetime = around.now

    def mode(self, rule: str) -> str:
        """What may be done by a rule: off, observe, warn or act."""
        return self.config.rules.mode(rule)

    def send_alert(self, event: AlertEvent) -> None:
        """Tell the admins, at the addresses of `alerts.yml`; at least once."""
        urls = [url.get_secret_value() for url in self.config.alerts.urls]

        def act() -> Done:
            if not urls:
                return Done(outcome="unchanged", reason="alerts.yml names no address")
            sender = Apprise()
            for url in urls:
                sender.add(url)
            if not sender.notify(body=event.text):
                raise Later("an alert was not delivered", at=None)
            return Done(after=machine_now().isoformat())

        self._around.journal.do(Verb(OWN, "send_alert", event.key, intent=event.text), act)
