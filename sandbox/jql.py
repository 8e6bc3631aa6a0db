"""JQL: the part of it that the bot may use; what is unknown here is refused as Jira refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.jira_errors import JiraError
from sandbox.jira_state import JiraState, SandboxIssue
from sandbox.jql_fields import SORT_KEYS, Operand, test_of

TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|!~|<=|>=|[=~<>(),])|(?P<word>[^\s"'=!<>~(),]+))"""
)
RESERVED = re.compile(r"[+.;?|*/%^$#@\[\]]")  # characters that an unquoted value may not hold
KEYWORDS = {"and", "or", "not", "in", "is", "order", "by", "empty", "null"}
SIGNS = {"=", "!=", "~", "!~", "<", ">", "<=", ">="}
NOT_IN = ("not", "in")

Test = Callable[[SandboxIssue], bool]


@dataclass(frozen=True)
class Token:
    """A piece of the query; `quoted` values are never keywords."""

    text: str
    quoted: bool

    @property
    def word(self) -> str:
        """The piece as a keyword or sign, lower case; empty for a quoted one."""
        return "" if self.quoted else self.text.lower()


@dataclass(frozen=True)
class Query:
    """A parsed query: its test (None when nothing is restricted) and its order, the most important key first."""

    test: Test | None
    order: tuple[tuple[Callable[[SandboxIssue], Any], bool], ...]

    def matches(self, issue: SandboxIssue) -> bool:
        """True when the issue meets the restriction."""
        return self.test is None or self.test(issue)

    def sorted(self, issues: list[SandboxIssue]) -> list[SandboxIssue]:
        """The issues in the query's order, else the newest first."""
        issues = sorted(issues, key=lambda issue: int(issue.id), reverse=True)
        for key, descending in reversed(self.order):
            issues.sort(key=key, reverse=descending)
        return issues


def parse(text: str, state: JiraState) -> Query:
    """Read a query; raise JiraError 400 for what it does not know."""
    return Parser(tokens(text), state).query()


def tokens(text: str) -> list[Token]:
    """Cut a query into words, signs and quoted values."""
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise refuse(f"Error in the JQL Query: The character '{text[at]}' is a reserved JQL character.")
        quoted = match["quoted"]
        found.append(
            Token(re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted else match[match.lastgroup or 0], bool(quoted))
        )
        at = match.end()
    return found


def refuse(message: str) -> JiraError:
    """Jira's answer to a query that it does not take."""
    return JiraError(400, message)


class Parser:
    """Reads a query from left to right: OR of ANDs of clauses, then ORDER BY."""

    def __init__(self, found: list[Token], state: JiraState) -> None:
        """`state` tells which projects, statuses and issues there are."""
        self._left = found
        self._state = state

    def query(self) -> Query:
        """The whole query."""
        test = self._any_of() if self._peek() not in ("", "order") or self._quoted_next() else None
        order = self._order()
        if self._left:
            raise refuse(f"Error in the JQL Query: Expecting either 'OR' or 'AND' but got '{self._left[0].text}'.")
        return Query(test, order)

    def _peek(self) -> str:
        return self._left[0].word if self._left else ""

    def _quoted_next(self) -> bool:
        return bool(self._left) and self._left[0].quoted

    def _take(self, *wanted: str) -> Token:
        if not self._left:
            raise refuse("Error in the JQL Query: Unexpected end of the query.")
        token = self._left.pop(0)
        if wanted and token.word not in wanted:
            raise refuse(f"Error in the JQL Query: Expecting '{wanted[0].upper()}' but got '{token.text}'.")
        return token

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._peek() == "or":
            self._take("or")
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._clause()]
        while self._peek() == "and":
            self._take("and")
            tests.append(self._clause())
        return lambda issue: all(test(issue) for test in tests)

    def _clause(self) -> Test:
        if self._peek() == "not":
            self._take("not")
            inner = self._clause()
            return lambda issue: not inner(issue)
        if self._peek() == "(":
            self._take("(")
            inside = self._any_of()
            self._take(")")
            return inside
        field = self._take()
        operator, operand = self._operator_and_operand()
        return test_of(self._state, field.text, operator, operand)

    def _operator_and_operand(self) -> tuple[str, Operand]:
        token = self._take(*SIGNS, "in", "not", "is")
        if token.word == "is":
            negated = self._peek() == "not" and bool(self._take("not"))
            self._take("empty", "null")
            return ("is not" if negated else "is"), Operand(())
        if token.word in NOT_IN:
            if token.word == "not":
                self._take("in")
            return ("not in" if token.word == "not" else "in"), Operand(self._list())
        return token.word, Operand((self._value(),))

    def _list(self) -> tuple[str, ...]:
        self._take("(")
        values = [self._value()]
        while self._peek() == ",":
            self._take(",")
            values.append(self._value())
        self._take(")")
        return tuple(values)

    def _value(self) -> str:
        token = self._take()
        if not token.quoted and (token.word in KEYWORDS | SIGNS | {"(", ")", ","} or RESERVED.search(token.text)):
            raise refuse(
                f"Error in the JQL Query: '{token.text}' is a reserved JQL word or character. Put it in quotes."
            )
        if token.word and self._peek() == "(":
            self._take("(")
            self._take(")")
            return f"{token.word}()"
        return token.text

    def _order(self) -> tuple[tuple[Callable[[SandboxIssue], Any], bool], ...]:
        if self._peek() != "order":
            return ()
        self._take("order")
        self._take("by")
        keys = [self._sort_key()]
        while self._peek() == ",":
            self._take(",")
            keys.append(self._sort_key())
        return tuple(keys)

    def _sort_key(self) -> tuple[Callable[[SandboxIssue], Any], bool]:
        name = self._take().text.lower()
        if name not in SORT_KEYS:
            raise refuse(f"Not able to sort using field '{name}'.")
        descending = self._peek() in ("asc", "desc") and self._take().word == "desc"
        return SORT_KEYS[name], descending
