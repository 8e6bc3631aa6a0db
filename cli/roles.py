"""What the worker and clock processes do once their settings are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.usedesk.client import SYSTEM as USEDESK
from runtime.process import Process

if TYPE_CHECKING:
    from config import Config
    from runtime.inbox import Arrival
    from runtime.jira_reconciling import History, Reconciling
    from runtime.usedesk_polling import Polling


def work(process: Process) -> None:
    """Run a worker until SIGTERM."""
    from runtime.worker import Worker

    Worker(process.engine, process.factory, process.reloader).run()


def keep_time(process: Process) -> None:
    """Run a clock until SIGTERM."""
    from runtime.clock import Clock, run

    asking = polling(process)
    looks = [reconciling(process).look, *([asking.look] if asking else [])]
    run(Clock(process.engine, process.factory, process.reloader, looks))


def reconciling(process: Process) -> Reconciling:
    """Return what searches Jira for events that its webhooks lost."""
    from runtime.jira_reconciling import Reconciling

    return Reconciling(process.factory, process.reloader, process.inbox, _understand)


def _understand(config: Config, site: str, history: History) -> tuple[list[Arrival], bool]:
    """Import the receivers only when the first change has to be read."""
    from receivers.jira_found import understand

    return understand(config, site, history)


def polling(process: Process) -> Polling | None:
    """Return what polls Usedesk for events that its webhooks lost; None when Usedesk is not set up."""
    if USEDESK not in process.settings.crms:
        return None
    from receivers.usedesk_polled import understand
    from runtime.usedesk_polling import Polling

    return Polling(process.factory, process.reloader, process.inbox, understand)
