"""Holds from Jira's side: what a person's label or transition asks for, and what stands in the issue already."""

from __future__ import annotations

from typing import Literal

from desk.issues import Issue, IssueView
from desk.jira.holding import Holding, HoldPurpose, assigned_to
from desk.jira.writing import write_without_refused
from desk.journal import Done, Verb
from events import FieldChange, IssueEvent
from store import links
from store.holds import Hold


class HoldLabels(Holding):
    """Look-ups and verbs for holds that begin or end in Jira."""

    def holds_asked(self, event: IssueEvent) -> list[str]:
        """The holds that a change asks for: ozon, seller; both when a person set both labels at once."""
        labels, statuses = self._config.jira.hold_labels, self._config.holds.transitions
        added = {label for change in event.changes if change.field == "labels" for label in _added(change)}
        status = next((change for change in event.changes if change.field == "status"), None)
        asked = {"ozon": labels.ozon in added, "seller": labels.seller in added}
        if status is not None:
            for kind, wanted in (("ozon", statuses.ozon), ("seller", statuses.seller)):
                asked[kind] |= self.is_status(event.issue, status.after, status.after_text, wanted)
        return [kind for kind, is_asked in asked.items() if is_asked]

    def label_removed(self, event: IssueEvent, kind: str) -> bool:
        """Whether a person took the hold's label away: the agent's word that nobody is awaited any more."""
        labels = self._config.jira.hold_labels
        label = labels.ozon if kind == "ozon" else labels.seller
        return any(change.field == "labels" and label in _removed(change) for change in event.changes)

    def issue_of_hold(self, hold: Hold) -> Issue | None:
        """The issue that a hold lives in, as it is called now; None for a hold without one, or when it is gone."""
        if hold.site is None or hold.issue_id is None:
            return None
        seen = self._read(hold.site, hold.issue_id, None)
        return seen.issue if seen is not None and seen.issue.project in self._config.jira.projects else None

    def key_of_hold(self, hold: Hold) -> str:
        """The key of the issue that a hold lives in, as far as the bot knows without asking; empty: there is none."""
        if hold.site is None or hold.issue_id is None:
            return ""
        with self._around.reading() as connection:
            link = links.of_issue(connection, hold.site, hold.issue_id)
        return link.issue_key if link else ""

    def take_label_off(self, issue: Issue, kind: str, *, why: str) -> None:
        """Take the hold's label off when it is over, so that a person can ask for a hold by it again."""
        self._relabel(issue, kind, "remove", "take_label_off", why)

    def put_label_back(self, issue: Issue, kind: str, *, why: str) -> None:
        """Put the hold's label on again when the end of the hold is taken back."""
        self._relabel(issue, kind, "add", "put_label_back", why)

    def _relabel(self, issue: Issue, kind: str, change: Literal["add", "remove"], verb: str, why: str) -> None:
        label = self._label("hold_ozon" if kind == "ozon" else "hold_seller")

        def act() -> Done:
            found = self._around.site(issue.site).issue(issue.id, ["labels"])
            if (label in (found.fields.get("labels") or ())) is (change == "add"):
                return Done(outcome="unchanged")
            self._around.site(issue.site).edit(issue.id, {"labels": [{change: label}]})
            return Done(after=label) if change == "add" else Done(before=label)

        self._around.journal.do(Verb(why, verb, issue.key, intent=label), act)

    def make_hold_of(self, issue: Issue, purpose: HoldPurpose, agent: str | None, *, why: str) -> None:
        """Change the purpose of an issue that a person put on hold, and assign it to that person (W-68, W-75).

        While it is a hold, W-57 sets no component (C-02).
        """
        verb = Verb(why, "take_over_issue", issue.key, intent=purpose)

        def act() -> Done:
            link, site = self.link_of(issue), self._around.site(issue.site)
            label = f"{link.source}-{link.ticket_id}" if link else None
            mark = {"purpose": purpose, "delivery": self._around.label, "ticket": label} if link else None
            _, lacks = write_without_refused(lambda given, _: site.edit(issue.id, {}, given, mark), assigned_to(agent))
            result = {"unassigned": lacks["assignee"]} if lacks else None
            if link is None:
                return Done(result, reason="no ticket is linked")
            return Done(
                result, before=link.purpose,
                also=lambda connection: links.repurpose(connection, issue.site, issue.id, purpose),
            )  # fmt: skip

        result = self._around.journal.do(verb, act)
        if result:
            body = self._around.templates.comment("hold_not_assigned", said=result["unassigned"])
            self._comment(issue, Verb(why, "say_unassigned", issue.key), body)

    def has_said(self, issue: Issue, *, public: bool, why: str) -> bool:
        """Whether a person on our side has said it in the issue already: what was done, or the question."""

        def act() -> Done:
            own = self.own_account(issue.site)
            for comment in self._around.site(issue.site).comments(issue.id):
                author = comment.get("author") or {}
                if author.get("accountType") == "customer" or author.get("accountId") == own:
                    continue
                if bool(comment.get("jsdPublic")) is public:
                    return Done(True, outcome="unchanged", after=str(comment["id"]))
            return Done(False, outcome="unchanged")

        return bool(self._around.journal.do(Verb(why, "look_for_words", issue.key), act))

    def say_hold_not_possible(self, issue: Issue, *, why: str) -> None:
        """Write into the issue that the seller does not see it, so that there is no hold."""
        body = self._around.templates.comment("hold_not_visible")
        self._comment(issue, Verb(why, "say_hold_not_possible", issue.key), body)

    def say_question_missing(self, issue: Issue, *, why: str) -> None:
        """Write into the issue that the question to the seller is to be asked there."""
        body = self._around.templates.comment("hold_ask_here")
        self._comment(issue, Verb(why, "say_question_missing", issue.key), body)

    @staticmethod
    def is_seen_by_seller(seen: IssueView) -> bool:
        """Whether a customer sees the issue: it has a request type and a customer for reporter."""
        return bool(seen.request_type) and seen.reporter_kind == "customer"


def _words(text: str | None) -> set[str]:
    return set((text or "").split())


def _added(change: FieldChange) -> set[str]:
    return _words(change.after_text) - _words(change.before_text)


def _removed(change: FieldChange) -> set[str]:
    return _words(change.before_text) - _words(change.after_text)
