"""Timers that fire: a ticket has been on hold too long (W-24, W-71, W-76), or a department is late (U-30, U-31)."""

from __future__ import annotations

from collections.abc import Callable

from config.departments import Department
from desk.departments import Line
from desk.desk import Desk
from desk.holds import Hold, awaited_words
from desk.interim import reminder_moment
from desk.requests import Request, Told
from desk.tickets import Telling
from events import TimerEvent
from handlers.interim import remind_client
from handlers.request_answers import take_what_stands
from handlers.request_words import RequestWords, moment_text

_RULES = {"ozon": "W-71", "seller": "W-76", "client": "W-24"}


def rule_of(hold: Hold) -> str:
    """Return the rule of a hold; for a ticket of WebCRM that waits without an issue it is W-24, whoever is asked."""
    if hold.issue_id is None and hold.kind in ("ozon", "seller"):
        return "W-24"
    return _RULES.get(hold.kind, "U-12")


def on_hold_due(event: TimerEvent, desk: Desk) -> None:
    """Nobody has answered: tell the ticket's owner. A hold that ended meanwhile is left in peace."""
    hold = desk.holds.get(event.number) if event.of == "hold" else None
    if hold is None or hold.ended_at is not None or hold.source != desk.crm.source:
        return
    since = moment_text(hold.since, desk)
    if hold.issue_id is None:  # a question that the ticket itself waits with (W-24)
        desk.crm.note(hold.ticket_id, "waiting_due", why=rule_of(hold), kind=hold.kind, since=since)
        return
    key = desk.jira.holds.key_of(hold)
    awaited = awaited_words(hold.reason, hold.awaited_key or hold.awaited_link)
    desk.crm.note(hold.ticket_id, "hold_due", why=rule_of(hold), kind=hold.kind, key=key, since=since, **awaited)


def on_request_due(event: TimerEvent, desk: Desk) -> None:
    """A step of the escalation policy (U-30, U-31): the department first, then the client, the agent, the head, the
    lead.

    Whether it is still open is asked again right before each of them: an answer may come while one is being told.
    """
    request = desk.requests.get(event.number) if event.of == "request" else None
    department = desk.requests.department(request) if request else None
    if request is None or department is None or not desk.requests.concerns(request):
        return
    quiet = desk.requests.quiet_until()
    if quiet is not None:
        desk.requests.put_off(request, event.timer_number, quiet, why="U-30")
        return
    if take_what_stands(request, desk):
        return
    step = desk.requests.take_step(request, event, department, why="U-30")
    if step is None:
        return
    tell = desk.requests.steps(department)[step].tell
    reminder = _Reminder(request, department, event, step, desk)
    reminded = reminder.remind_department() if "department" in tell else False
    if request.ticket_solved_at is not None:
        return  # the client has an answer, and the agent was asked whether this one is still needed
    client = reminder.tell_client() if reminded else ""
    if "agent" in tell:
        reminder.tell_agent(reminded=reminded, client=client)
    if "head" in tell:
        desk.departments.tell_head(department, reminder.line("chat_late", "head"), why="U-30")
    if "lead" in tell:
        desk.departments.tell_lead(reminder.line("chat_late", "lead"), why="U-30")


def on_client_due(event: TimerEvent, desk: Desk) -> None:
    """M-5 that waited for working time (U-31, C-13)."""
    request = desk.requests.get(event.number) if event.of == "client" else None
    if request is None or request.ticket_solved_at is not None or not desk.requests.concerns(request):
        return
    if not take_what_stands(request, desk):
        remind_client(request, desk)


class _Reminder:
    """One escalation step of one request."""

    def __init__(self, request: Request, department: Department, event: TimerEvent, step: int, desk: Desk) -> None:
        self._request, self._department = request, department
        self._event, self._step, self._desk = event, step, desk
        self._words = RequestWords.of(request, department, desk).values
        self._unless: Callable[[], str | None] = desk.requests.still_open(request)

    def line(self, name: str, told: Told) -> Line:
        """Make a line for a chat, which also records the reminder when it is sent."""
        also = self._desk.requests.sent(self._request, self._step, told, self._event)
        return Line(name, {**self._words, "late": self._event.late}, self._unless, also)

    def remind_department(self) -> bool:
        """Remind in its chat and where the request lives; return whether any reminder was sent."""
        desk, request = self._desk, self._request
        told = desk.departments.remind(self._department, self.line("chat_reminder", "department"), why="U-30")
        issue, crm = desk.jira.requests.issue_of_request(request), desk.crm_of(request.source)
        also = desk.requests.sent(request, self._step, "department", self._event)
        if issue is not None:
            since = moment_text(request.since, desk)
            told |= desk.jira.requests.remind_in_issue(issue, since, why="U-30", unless=self._unless, also=also)
        elif crm is not None and request.dept_ticket_id:
            values = {"ticket": request.ticket_id, "since": moment_text(request.since, desk)}
            telling = Telling("request_reminder", values, self._unless, optional=True, reminds=True, also=also)
            told |= crm.tell(request.dept_ticket_id, telling, why="U-30")
        return told

    def tell_client(self) -> str:
        """Write M-5 now or when work begins (C-13); return sent, draft, the moment it waits for, or an empty string."""
        desk, request = self._desk, self._request
        steps = desk.requests.steps(self._department)
        if self._step != next(place for place, step in enumerate(steps) if "department" in step.tell):
            return ""  # the client was told with the first reminder
        clock = desk.config.departments.client_text.clock
        at = reminder_moment(desk.now, desk.requests.calendar(), clock)
        if at > desk.now:
            desk.requests.set_client_timer(request, at, why="U-31")
            return moment_text(at, desk)
        if not remind_client(request, desk):
            return ""
        return "sent" if desk.config.rules.rules["U-31"].send else "draft"

    def tell_agent(self, *, reminded: bool, client: str) -> None:
        """Tell the agent in the ticket; if the agent is away, tell the lead instead (W-01)."""
        desk, request = self._desk, self._request
        away = desk.requests.owner_is_away(request)
        if away and desk.departments.tell_lead(self.line("chat_late", "lead"), why="W-01"):
            return
        crm = desk.crm_of(request.source)
        if crm is not None:
            also = desk.requests.sent(request, self._step, "agent", self._event)
            values = {**self._words, "late": self._event.late, "reminded": reminded, "client": client}
            telling = Telling("request_late", values, self._unless, reminds=True, also=also)
            crm.tell(request.ticket_id, telling, why="U-30")
