"""`python -m cli.printed` (`make docs`): what the pages of the project say that the program knows better.

A page has `<!-- printed: NAME -->` and `<!-- end -->`; what stands between the two is printed anew.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from handlers import PROCEDURES, Procedure

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "README.ru.md", "docs/architecture.md")
_PRINTED = re.compile(r"(<!-- printed: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SENTENCE = re.compile(r".+?[.](?= [A-Z]|$)", re.DOTALL)


def printed(page: str) -> str:
    """A page's text with everything in it that is printed."""
    return _PRINTED.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}\n{found[3]}", page)


def _status(language: str) -> str:
    """How many rules of each manual are built."""
    words, rules = _words()[language], _read(ROOT / "config/rules.yml")["rules"]
    known, built = Counter(map(_manual, rules)), Counter(_manual(rule) for rule in rules if rules[rule]["built"])
    rows = [(name, known[letter], built[letter]) for letter, name in words["manuals"].items()]
    return _table(words["columns"], [*rows, (f"**{words['all']}**", f"**{known.total()}**", f"**{built.total()}**")])


def _manual(rule: str) -> str:
    return rule[0]


def _procedures() -> str:
    """Which procedures an event goes through, in this order; events that go the same way share their rows."""
    events: dict[Sequence[Procedure], list[str]] = {}
    for event, procedures in PROCEDURES.items():
        events.setdefault(procedures, []).append(f"`{event}`")
    rows = [
        (", ".join(names) if not number else "", _name(procedure), _sentence(procedure))
        for procedures, names in events.items()
        for number, procedure in enumerate(procedures)
    ]
    return _table(_words()["procedures"], rows)


def _name(procedure: Procedure) -> str:
    return f"`{procedure.__module__.removeprefix('handlers.')}.{procedure.__name__}`"


def _sentence(procedure: Procedure) -> str:
    text = " ".join((inspect.getdoc(procedure) or "").partition("\n\n")[0].split())
    found = _SENTENCE.match(text)
    return (found[0] if found else text).replace("|", "\\|")


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


@cache
def _words() -> Mapping[str, Any]:
    return _read(Path(__file__).with_suffix(".yml"))


def _read(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


BLOCKS: Mapping[str, Callable[[], str]] = {
    "status": partial(_status, "status"),
    "status_ru": partial(_status, "status_ru"),
    "procedures": _procedures,
}

if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(printed(path.read_text(encoding="utf-8")), encoding="utf-8")
