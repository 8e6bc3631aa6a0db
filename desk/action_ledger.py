"""The interface of every ledger of actions, and the identities of the actions of one delivery."""

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
    """Where actions are done: for good, or up to their first write (`is_dry`)."""

    is_dry: ClassVar[bool]

    def __init__(self, label: str, known: Recorded) -> None:
        """`label` names the delivery (source/id), `known` holds the ledger rows of its earlier runs."""
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
        """Do something in another system once; return the value of its result, or `None` if a mode prevented it.

        `result` makes a `Result` of what `act` or `find` returned, unless it is one already. An action without `find`
        can be repeated without a second effect.
        """

    @abstractmethod
    def write(self, action: Action, rows: Rows) -> Any:
        """Change the bot's own rows once, in one transaction; return the value of the `Result` from `rows`, if any."""

    def look(self, action: Action, look: Callable[[], Result]) -> Any:
        """Record the result of a look-up, which changes nothing, if the rule's mode allows it; return its value."""
        return self.do(replace(action, already=look), look)

    def note(self, action: Action, result: Result) -> Any:
        """Record a result that needs no action, if the rule's mode allows it; return its value."""
        return self.look(action, lambda: result)

    def has_done(self, action: Action) -> bool:
        """Whether an earlier run did the action, for actions whose condition is the state before them."""
        return self._identities.has_ended(action)

    @abstractmethod
    def record(self, rows: Rows) -> None:
        """Store at once something that is not an action, such as an alert."""

    @abstractmethod
    def settle(self) -> None:
        """Write the ends that are not written yet, before the store is read."""

    def key(self, action: Action) -> str:
        """Return the idempotency key of the action that is being done: the same for every try."""
        return self._identities.key(self._label, action)

    @property
    def count(self) -> int:
        """The number of actions requested so far."""
        return self._identities.count


class Identities:
    """Counts the actions of one run, from the start of its handlers; `known`: the ledger rows of earlier runs."""

    def __init__(self, known: Recorded | None = None) -> None:
        self._known = known or {}
        self._same: Counter[tuple[str, str, str]] = Counter()
        self._of_rule: Counter[tuple[str, str]] = Counter()

    def next(self, action: Action) -> tuple[Identity, Entry | None]:
        """Return the identity of a requested action, and its ledger row if there is one."""
        found = self._next(action)
        self._same[_key(action)] += 1
        self._of_rule[action.why, action.name] += 1
        return found

    @property
    def count(self) -> int:
        """The number of actions requested so far."""
        return self._same.total()

    def has_ended(self, action: Action) -> bool:
        """Whether an earlier run ended the action, which this run has not requested yet."""
        _, entry = self._next(action)
        return entry is not None and entry.outcome in ENDED

    def key(self, label: str, action: Action) -> str:
        """Return the idempotency key of the action requested last, for the delivery with this label."""
        n = self._same[_key(action)]
        parts = [label, action.why, action.name, str(action.target), *([str(n)] if n > 1 else [])]
        return sha256("\n".join(parts).encode()).hexdigest()

    def _next(self, action: Action) -> tuple[Identity, Entry | None]:
        key, of_rule = _key(action), (action.why, action.name)
        identity = Identity(*key, self._same[key] + 1)
        # the previous release numbered actions across all targets; deliveries from then are finished under that number
        former = Identity(*of_rule, None, self._of_rule[of_rule] + 1)
        return identity, self._known.get(identity) or self._known.get(former)


def _key(action: Action) -> tuple[str, str, str]:
    return action.why, action.name, action.target or ""
