"""A case while it is followed: what is known, done and waited for, until it is kept all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from config.cases import CaseStep, day_of
from desk.cases import DONE, Problem, Wait
from desk.desk import Desk
from desk.issues import Issue
from desk.templates import CaseContext, CaseView
from desk.tickets import Reply, Telling
from events import IssueRef, Ticket, TicketEvent
from handlers.cases.reading import Told

MARK = "_"  # of what is remembered beside the steps


class Work:
    """One run over one case. `ticket` is what is known of it now; where a mode keeps the case from being opened,
    everything is only spoken of.
    """

    def __init__(self, case: Problem, desk: Desk, event: TicketEvent | None = None) -> None:
        self.case = case
        self.desk = desk
        self.cases = desk.config.cases
        self.kind = self.cases.kinds[case.kind]
        self.facts = dict(case.facts)
        self.steps = dict(case.steps)
        self.waits: dict[str, Wait] = dict(case.waits)
        self.moves = case.moves
        self.branch, self.reason, self.state = case.branch, case.reason, case.state
        self.status, self.assignee, self.closed_at = case.status, case.assignee, case.closed_at
        self.issue = issue_of(case)
        self.crm = desk.crm_of(case.source)
        self.event = event or TicketEvent(
            source=case.source,
            id=f"case:{case.id}",
            type="ticket.status_changed",
            occurred_at=desk.now,
            ticket=Ticket(id=case.ticket_id, url=case.url),
        )
        self.owner = case.owner_id
        self.gender = case.owner_gender

    # what is known

    def learn(self, told: Told) -> None:
        """Take in what was told; what was only found in passing fills gaps."""
        self.facts.update(told.facts)
        self.facts.update({name: value for name, value in told.found.items() if name not in self.facts})
        if told.photos:
            self.facts.setdefault("photos", self.desk.note("case_photos_came"))
        for name in told.steps(self.plan):
            self.tick(name)
        for name in told.undone:
            self.steps.pop(name, None)

    def is_of(self, ref: IssueRef) -> bool:
        """Return whether an event is of the case's own issue."""
        return self.issue is not None and (ref.site, ref.id) == (self.issue.site, self.issue.id)

    def shown(self, name: str) -> str:
        """A fact as people write it; empty: it is not known."""
        value = self.facts.get(name, "")
        return self.cases.facts[name].shown(value) if value and name in self.cases.facts else value

    def missing(self, names: tuple[str, ...]) -> list[str]:
        """The names of the facts among these that are not known."""
        return [self.cases.facts[one].name for one in names if one not in self.facts and one in self.cases.facts]

    # the checklist

    @property
    def plan(self) -> Mapping[str, CaseStep]:
        """The steps as the facts stand; those of rules that are off are nobody's."""
        every = self.cases.steps(self.case.kind, self.branch, self.facts)
        return {name: step for name, step in every.items() if self.desk.mode(step.rule) != "off"}

    def is_met(self, names: tuple[str, ...]) -> bool:
        """Whether these steps are done and these facts known."""
        return all(one in self.steps or one in self.facts for one in names)

    def tick(self, name: str) -> None:
        """A step is done; nobody waits for it."""
        self.steps.setdefault(name, self.desk.now.isoformat())
        self.waits.pop(name, None)

    def has_come_up(self, mark: str) -> bool:
        """Return whether something came up before."""
        return MARK + mark in self.steps

    def once(self, mark: str) -> bool:
        """True the first time that something comes up."""
        first = not self.has_come_up(mark)
        self.steps.setdefault(MARK + mark, self.desk.now.isoformat())
        return first

    def forget(self, mark: str) -> None:
        """It does not hold any more: should it come up again, that is told again."""
        self.steps.pop(MARK + mark, None)

    def close(self) -> None:
        """The case is over, and all reminders with it."""
        self.state, self.closed_at = DONE, self.desk.now
        self.waits.clear()

    def open_steps(self) -> list[str]:
        """What the checklist still has, without what only a person knows of."""
        return [step.name for name, step in self.plan.items() if name not in self.steps and not _is_talk(step)]

    # timers

    def wait(self, name: str, due: datetime | None, n: int = 0) -> None:
        """Wait for a step, with a timer."""
        known = self.waits.get(name)
        text = due.isoformat() if due else None
        if known is not None and (known["due"], known["n"]) == (text, n):
            return
        self.moves += 1 if due else 0
        since = known["since"] if known else self.desk.now.isoformat()
        self.waits[name] = {"since": since, "n": n, "due": text, "no": self.moves}

    def due_of(self, step: CaseStep, n: int, since: datetime) -> datetime | None:
        """When a person is reminded of a step the n-th time; None: never."""
        day = day_of(self.facts.get(step.on_day)) if step.on_day else None
        if day is not None and n == 0:
            return self.desk.cases.morning(day)
        if n < len(step.after):
            return since + step.after[n]
        if n == 0:
            return since + self.cases.remind if step.do in ("ask", "claim", "chat") else None
        return self.desk.now + self.cases.again

    # words

    def tell_agent(self, name: str, *, why: str, **values: object) -> bool:
        """A note to the agent; where there is no CRM, a comment in the issue."""
        return self._tell(Telling(name, values), why=why)

    def remind_agent(self, name: str, *, why: str, **values: object) -> bool:
        """The same, before notes that only inform."""
        return self._tell(Telling(name, values, reminds=True), why=why)

    def _tell(self, telling: Telling, *, why: str) -> bool:
        if self.crm is not None:
            return self.crm.tell(self.case.ticket_id, telling, why=why, possible=self.case.real)
        return self.say(self.desk.note(telling.name, **telling.values), telling.name, why=why)

    def say(self, text: str, about: str, *, why: str) -> bool:
        """A comment in the issue."""
        if self.issue is None:
            return False
        return self.desk.jira.cases.say(self.issue, text, why=why, about=about, possible=self.case.real)

    def draft(self, step: CaseStep) -> bool:
        """Words to the client, which an agent sends; where there is no CRM they stand in the issue."""
        text = self.words(step)
        if self.crm is None:
            return self.say(self.desk.note("case_client_words", text=text), step.text or "", why=step.rule)
        heading = self.desk.draft_heading(step.rule)
        reply = Reply(text=text, send=False, heading=heading, also=lambda _connection, _message: None)
        return self.crm.reply(self.case.ticket_id, reply, why=step.rule, possible=self.case.real)

    def words(self, step: CaseStep) -> str:
        """The text of a step."""
        return self.desk.note(step.text or "", **self.values())

    def values(self) -> dict[str, object]:
        """What every text of a step is given."""
        key = self.issue.key if self.issue else ""
        site = self.desk.config.jira.sites[self.issue.site].url if self.issue else ""
        return {
            "key": key,
            "link": f"{site}/browse/{key}" if key else "",
            "kind": self.kind.name,
            "facts": {name: self.shown(name) for name in self.cases.facts},
            "delay": self.delay,
            "gender": self.desk.requests.gender(self.owner, self.gender),
        }

    @property
    def delay(self) -> int:
        """Days of delay (J-43); 0: none, or nobody knows."""
        promised = self.promised
        return max(0, (self.desk.cases.today() - promised).days) if promised else 0

    @property
    def promised(self) -> date | None:
        """The last day of the promise."""
        said, handed = day_of(self.facts.get("promised_on")), day_of(self.facts.get("handed_over"))
        if said is not None or handed is None:
            return said
        days = self.cases.days(self.facts.get("platform", ""), self.facts.get("city", ""))
        return None if days is None else handed + timedelta(days=days)

    def context(self) -> CaseContext:
        """What the issue, or the claim, is made of (J-04, J-05)."""
        done = tuple(step.name for name, step in self.plan.items() if name in self.steps)
        story = next((one.text for one in self.event.ticket.messages if one.public and one.text.strip()), "")
        facts = {self.cases.facts[name].name: self.shown(name) for name in self.cases.facts if name in self.facts}
        view = CaseView(
            kind=self.kind.name,
            short=self.kind.short,
            facts=facts,
            order_no=self.shown("order_no"),
            sku=self.shown("sku_ordered"),
            story=story,
            url=self.case.url or self.event.ticket.url or "",
            done=done,
            open=tuple(self.open_steps()),
        )
        return CaseContext(self.event.ticket, view, self.event.agent)

    def result(self) -> Problem:
        """The case as it is to be kept."""
        issue = self.issue if self.issue is not None and self.issue.real else None
        place = {"site": issue.site, "issue_id": issue.id, "issue_key": issue.key} if issue else {}
        own = ("facts", "steps", "waits", "moves", "branch", "reason", "state", "status", "assignee", "closed_at")
        now = {name: getattr(self, name) for name in own}
        return replace(self.case, **now, **place, owner_id=self.owner, owner_gender=self.gender)  # type: ignore[arg-type]


def _is_talk(step: CaseStep) -> bool:
    """What a person does and nothing shows: only a line of the checklist."""
    return step.do == "person" and not (step.after or step.phrases or step.on_day or step.reply)


def issue_of(case: Problem) -> Issue | None:
    """Return the issue of a case, if it has one."""
    if not (case.site and case.issue_id and case.issue_key):
        return None
    return Issue(case.site, case.issue_id, case.issue_key, case.issue_key.split("-")[0])
