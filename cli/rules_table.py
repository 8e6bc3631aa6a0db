"""`rules`: prints the manuals as a table. Where a rule is implemented and tested is read from the source code."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from cli.words import columns, say, table
from config import Config
from config.rules import KNOWN

ROOT = Path(__file__).resolve().parent.parent
CODE = ("handlers", "desk")
_ID = r"[A-Z]-\d{2}[a-z]?"
NAMED = re.compile(rf"({_ID})(?:…({_ID}))?")  # in a docstring: `W-33`, or `W-33…W-51` for a range
Places = Mapping[str, list[str]]


@dataclass(frozen=True)
class RuleRow:
    """One rule: its present mode, and the day it begins if that is in the future (`begins`).

    `by_hand`: what is offered if only a person can follow it; `applies`: whether it can come up with the CRMs that are
    set up here; `where`: the places that implement it (`file:line`); `tests`: as `file::name`.
    """

    rule: str
    mode: str
    begins: str | None
    built: bool
    by_hand: str | None
    applies: bool
    where: list[str]
    tests: list[str]
    quote: str


def rows(config: Config, crms: Collection[str], now: datetime, root: Path = ROOT) -> list[RuleRow]:
    """Return all rules in the order of the manuals; `crms` are those that are set up."""
    day, in_force = config.calendar.day_of(now), config.at(now).rules
    where, tests = done_in(root), proved_in(root)
    return [
        RuleRow(
            rule=rule.id,
            mode=in_force.mode(rule.id),
            begins=str(rule.effective_from) if rule.is_ahead(day) else None,
            built=rule.built,
            by_hand=rule.by_hand,
            applies=rule.applies(crms),
            where=where.get(rule.id, []),
            tests=tests.get(rule.id, []),
            quote=rule.quote,
        )
        for rule in config.rules.rules.values()
    ]


def printed(found: Iterable[RuleRow], *, as_json: bool) -> str:
    """Return the rows as JSON, or as a table for people."""
    if as_json:
        return json.dumps([vars(row) for row in found], ensure_ascii=False, indent=2)
    return table(columns("rule_columns"), map(_cells, found))


def totals(known: Sequence[RuleRow]) -> str:
    """Return a line on how many rules of each manual are built, and how many only a person can follow."""
    letters = Counter(row.rule[0] for row in known)
    built = Counter(row.rule[0] for row in known if row.built)
    by_hand = sum(row.by_hand is not None for row in known)
    each = ", ".join(say("of_manual", manual=one, built=built[one], known=letters[one]) for one in letters)
    return say("rule_totals", each=each, built=built.total(), known=letters.total(), by_hand=by_hand)


def _cells(row: RuleRow) -> dict[str, str]:
    mode = say("begins", mode=row.mode, day=row.begins) if row.begins else row.mode
    where = row.by_hand or _few(row.where)
    return {"rule": row.rule, "mode": mode, "built": say(_state(row)), "where": where, "tests": _few(row.tests)}


def _state(row: RuleRow) -> str:
    if row.built:
        return "built" if row.applies else "no_crm"
    return "by_hand" if row.by_hand else "not_built"


def _few(texts: list[str]) -> str:
    return say("more", first=texts[0], count=len(texts) - 1) if len(texts) > 1 else "".join(texts)


def done_in(root: Path) -> Places:
    """Return where each rule is named in handlers and desk: as a value (`why="W-57"`), or in a docstring."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, tree in trees(root, CODE):
        for rule, line in sorted([*valued(tree), *_spoken(tree)], key=itemgetter(1)):
            found[rule].append(f"{name}:{line}")
    return {rule: list(dict.fromkeys(places)) for rule, places in found.items()}


def proved_in(root: Path) -> Places:
    """Return the tests of each rule, found by `pytest.mark.rule("W-57")` anywhere in a file."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, tree in trees(root, ("tests",)):
        constants = _constants(tree)
        for owner, node in _owned(tree, ""):
            for rule in _marked(node, constants):
                found[rule].append(f"{name}::{owner}" if owner else name)
    return {rule: list(dict.fromkeys(tests)) for rule, tests in found.items()}


def valued(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the rules that are passed as `why=`, with their lines."""
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "why":
            name = node.value.id if isinstance(node.value, ast.Name) else ""
            rule = node.value.value if isinstance(node.value, ast.Constant) else constants.get(name)
            if rule in KNOWN:
                yield str(rule), node.value.lineno


def _spoken(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for owner in ast.walk(tree):
        if isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef):
            for rule in _ids_in(ast.get_docstring(owner) or ""):
                yield rule, getattr(owner, "lineno", 1)


def trees(root: Path, folders: Iterable[str]) -> Iterator[tuple[str, ast.Module]]:
    """Yield every Python file of the folders: its path from the root, and its tree."""
    for path in (path for folder in folders for path in sorted((root / folder).rglob("*.py"))):
        yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _ids_in(text: str) -> Iterator[str]:
    for first, last in NAMED.findall(text):
        between = range(int(first[2:4]) + 1, int(last[2:4]) if last[:1] == first[0] else 0)
        named = (first, *(f"{first[0]}-{number:02}" for number in between), last)
        yield from (rule for rule in named if rule in KNOWN)


def _owned(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node below this one with the name of its outermost function, decorators included."""
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) and not owner else owner
        yield inside, child
        yield from _owned(child, inside)


def _marked(node: ast.AST, constants: Mapping[str, object]) -> Iterator[str]:
    """Yield the rules in a call of `pytest.mark.rule`."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule"):
        return
    for argument in node.args:
        plain = argument.value if isinstance(argument, ast.Starred) else argument
        value = constants.get(plain.id) if isinstance(plain, ast.Name) else getattr(plain, "value", None)
        yield from [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else ()


def _constants(tree: ast.Module) -> dict[str, object]:
    """Return a module's top-level names that are assigned literals."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found
