"""What every ledger of actions can do, and what tells the actions of one delivery apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar, TypeVar

from desk.actions import Action, Find, Result, Rows
from store.ledger import ENDED, Entry, Identity, Recorded

T = TypeVar("T")


class ActionLedger(ABC):
    """Where actions are done: for good, or as far as their first write (`is_dry`)."""

    is_dry: ClassVar[bool]

    def __init__(self, label: str, known: Recorded) -> None:
        """`label` names the delivery (source/id), `known` is what earlier runs of it have done."""
        self._label = label
        self._identities = Identities(known)

    @abstractmethod
    def do(
        self,
        action: Action,
        act: Callable[[], T | Result],
        find: Find[T] | None = None,
        result: Callable[[T], Result] = lambda _: Result(),
    ) -> Any:
        """Do something in another system once; the value of its result, None when it was kept from being done.

        `result` makes the result of what `act` or `find` gave, unless that is one. Without `find` a repeat has no
        second effect.
        """

    @abstractmethod
    def write(self, action: Action, rows: Rows) -> Any:
        """Change the bot's own rows once, in one transaction; the value of the `Result` that `rows` gives, if any."""

    def look(self, action: Action, look: Callable[[], Result]) -> Any:
        """Record what a look finds, which changes nothing, if the rule's mode lets it be done; the result's value."""
        return self.do(replace(action, already=look), look)

    def note(self, action: Action, result: Result) -> Any:
        """Record what needs no doing, if the rule's mode lets it be done; the value of the result."""
        return self.look(action, lambda: result)

    def has_done(self, action: Action) -> bool:
        """Whether an earlier run has done the action: for those that are asked for by how things stand before them."""
        return self._identities.has_ended(action)

    @abstractmethod
    def record(self, rows: Rows) -> None:
        """Put something into the store at once that is no action's: an alert."""

    @abstractmethod
    def settle(self) -> None:
        """Write what has ended and is not written yet: before the store is asked."""

    def key(self, action: Action) -> str:
        """The idempotency key of the action that is being done: the same for every try of it."""
        return self._identities.key(self._label, action)

    @property
    def count(self) -> int:
        """How many actions were asked for so far."""
        return self._identities.count


class Identities:
    """Counts the actions of one run, from its handlers' top; `known` is what earlier runs of the delivery have done."""

    def __init__(self, known: Recorded | None = None) -> None:
        self._known = known or {}
        self._same: Counter[tuple[str, str, str]] = Counter()
        self._of_rule: Counter[tuple[str, str]] = Counter()

    def next(self, action: Action) -> tuple[Identity, Entry | None]:
        """The identity of an action that is asked for, and what the ledger knows of it."""
        found = self._next(action)
        self._same[_key(action)] += 1
        self._of_rule[action.why, action.name] += 1
        return found

    @property
    def count(self) -> int:
        """How many actions were asked for so far."""
        return self._same.total()

    def has_ended(self, action: Action) -> bool:
        """Whether an earlier run has ended the action, which is not asked for yet."""
        _, entry = self._next(action)
        return entry is not None and entry.outcome in ENDED

    def key(self, label: str, action: Action) -> str:
        """The idempotency key of the action that was asked for last, of the delivery that is called so."""
        n = self._same[_key(action)]
        parts = [label, action.why, action.name, str(action.target), *([str(n)] if n > 1 else [])]
        return sha256("\n".join(parts).encode()).hexdigest()

    def _next(self, action: Action) -> tuple[Identity, Entry | None]:
        key, of_rule = _key(action), (action.why, action.name)
        identity = Identity(*key, self._same[key] + 1)
        # the release before counted over all targets; what waited then is finished under that number
        former = Identity(*of_rule, None, self._of_rule[of_rule] + 1)
        return identity, self._known.get(identity) or self._known.get(former)


def _key(action: Action) -> tuple[str, str, str]:
    return action.why, action.name, action.target or ""
