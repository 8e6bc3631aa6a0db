"""Jira's document format (ADF, API v3): build it, and cut it to Jira's limit. Pure functions.

All text is literal: whatever a person wrote goes into text nodes, so it can never become markup, a mention, a card or
an emoji. Lengths are in UTF-16 units, as Jira counts them.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any
from urllib.parse import urlsplit

Node = dict[str, Any]

LIMIT = 32_767  # "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
FACT_LIMIT = 500  # a fact is a name or a number: longer ones are cut, so that facts never fill the document
LINE_LIMIT = 255
URL_LIMIT = 2_000
MORE = "…"

_REFUSED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # marks that change the direction of the surrounding text
)
# joiners, fillers, selectors, tags: they modify other characters and are invisible on their own
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180b-\u180f\u200b-\u200d\u2060-\u2064\u206a-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_FREE = frozenset({"paragraph", "blockquote", "bulletList"})
_SEPARATOR = 2  # ", " between two blocks


def clean(text: str) -> str:
    """Return the text with `\\n` as its only line break and without what JSON or XML refuse (controls, lone
    surrogates).

    Direction marks are removed too: one can make a number read backwards, and nobody types them.
    """
    return _REFUSED.sub("", _BREAKS.sub("\n", text))


def is_blank(text: str) -> bool:
    """True if nothing of the text would be visible in Jira."""
    return not _start(text, 0, lambda part: _UNSEEN.sub("", clean(part)).strip())


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return the text on one line, spaces collapsed, at most `limit` units long; a cut text ends with an ellipsis."""
    line = _start(text, limit, lambda part: " ".join(clean(part).split()))
    if units(line) <= limit:
        return line
    # "ignore" drops the half of a pair that the cut may have left
    return line.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + MORE


def doc(*blocks: Node) -> Node:
    """Return a whole document."""
    return {"version": 1, "type": "doc", "content": list(blocks)}


def heading(text: str, level: int = 3) -> Node:
    """A heading of one line; levels 1 to 6."""
    return {"type": "heading", "attrs": {"level": level}, "content": _line(one_line(text))}


def paragraph(*parts: str | Node) -> Node:
    """A paragraph of literal texts (line breaks kept) and inline nodes such as `link` and `strong`."""
    return {
        "type": "paragraph",
        "content": [node for part in parts for node in ([part] if isinstance(part, dict) else _lines(part))],
    }


def strong(text: str) -> Node:
    """One bold line, an inline node."""
    return {"type": "text", "text": one_line(text) or MORE, "marks": [{"type": "strong"}]}


def link(text: str, url: str | None) -> Node:
    """Return an inline text node that links to an http(s) address; with any other address it is plain text."""
    node: Node = {"type": "text", "text": one_line(text) or one_line(url or "") or MORE}
    if url is not None and _is_web(url):
        node["marks"] = [{"type": "link", "attrs": {"href": url}}]
    return node


def quote(text: str) -> Node:
    """Return somebody's words as a block quote, so that none of their lines can pass for one of ours."""
    return {"type": "blockquote", "content": [paragraph(text)]}


def rule() -> Node:
    """A horizontal line."""
    return {"type": "rule"}


def bullet_list(items: Iterable[str]) -> Node | None:
    """Return a list without its blank items, or `None` if no items are left."""
    nodes = [{"type": "listItem", "content": [paragraph(item)]} for item in items if not is_blank(item)]
    return {"type": "bulletList", "content": nodes} if nodes else None


def facts(rows: Mapping[str, str]) -> Node | None:
    """Return a table of labels and values without its empty rows, or `None` if no rows are left."""
    lines = {label: one_line(value, FACT_LIMIT) for label, value in rows.items()}
    nodes = [
        {"type": "tableRow", "content": [_cell("tableHeader", label), _cell("tableCell", value)]}
        for label, value in lines.items()
        if value
    ]
    return {"type": "table", "attrs": {"layout": "default"}, "content": nodes} if nodes else None


def fit(document: Node, limit: int = LIMIT, note: Node | None = None) -> Node:
    """Return the document cut to the limit, with `note` where text was cut; the same document if it fits.

    What counts is the length of the serialised JSON, which is never below that of the texts alone, so both readings of
    Jira's limit are respected. The longest run of free text (paragraphs, quotes, lists between two headings) is cut
    first, from its end; headings, facts and links stay. Linear in the length of the document.
    """
    limit = min(limit, LIMIT)
    blocks: list[Node] = document["content"]
    shell = size({**document, "content": []})
    sizes = [size(block) + _SEPARATOR for block in blocks]
    if shell + sum(sizes) <= limit:
        return document
    room = limit - shell - (size(note) + _SEPARATOR if note else 0)
    runs = [list(run) for _, run in groupby(range(len(blocks)), key=lambda n: _is_free(blocks[n]))]
    free = [sum(sizes[n] for n in run) for run in runs if _is_free(blocks[run[0]])]
    level = _level(free, room - (sum(sizes) - sum(free)))
    kept: list[Node] = []
    noted = 0
    for run in runs:
        if _is_free(blocks[run[0]]) and sum(sizes[n] for n in run) > level:
            kept += _cut_all([blocks[n] for n in run], level)
            noted = len(kept)
        else:
            kept += [blocks[n] for n in run]
    if note:
        kept.insert(noted, note)
    return {**document, "content": _whole(kept, limit - shell, note)}


def size(node: Node) -> int:
    """Return the length of a node as JSON."""
    return units(json.dumps(node, ensure_ascii=False))


def _start(text: str, enough: int, fold: Callable[[str], str]) -> str:
    """Return the folded text, or just a start longer than `enough`: a message may have megabytes."""
    head = text[: 4 * enough + 10_000]
    start = fold(head)
    return start if len(start) > enough or len(head) == len(text) else fold(text)


def _line(text: str) -> list[Node]:
    return [{"type": "text", "text": text}] if text else []


def _lines(text: str) -> list[Node]:
    """Return text nodes and hard breaks. Text far over the limit is dropped here; the rest still makes `fit` cut it."""
    start = _start(text, LIMIT, lambda part: clean(part).strip("\n"))
    first, *others = start[: LIMIT + 1].split("\n")
    nodes = _line(first)
    for line in others:
        nodes.append({"type": "hardBreak"})
        nodes.extend(_line(line))
    return nodes


def _cell(kind: str, text: str) -> Node:
    return {"type": kind, "content": [paragraph(text)]}


def _is_web(url: str) -> bool:
    if len(url) > URL_LIMIT or url != clean(url) or any(char.isspace() for char in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_free(block: Node) -> bool:
    """True for text that may be cut: not a heading, facts or a rule, nor a paragraph with a link."""
    marks = (mark for node in block.get("content", ()) for mark in node.get("marks", ()))
    return block["type"] in _FREE and not any(mark["type"] == "link" for mark in marks)


def _level(sizes: Sequence[int], room: int) -> int:
    """Return the size to which the largest runs are cut so that all fit together; smaller ones stay untouched."""
    for others, least in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if least * others > room:
            return max(room // others, 0)
        room -= least
    return max(sizes, default=0)


def _cut_all(nodes: Iterable[Node], room: int) -> list[Node]:
    """Return the nodes that fit into the room; the one on the edge is cut."""
    kept: list[Node] = []
    for node in nodes:
        cost = size(node) + _SEPARATOR
        if cost > room:
            part = _cut(node, room - _SEPARATOR)
            return [*kept, part] if part else kept
        kept.append(node)
        room -= cost
    return kept


def _cut(node: Node, room: int) -> Node | None:
    """Return the beginning of a node that is larger than the room; `None` if nothing of it fits."""
    if node["type"] == "text":
        costs = accumulate(map(_cost, node["text"][: max(room, 0)]))
        text = node["text"][: bisect_right(list(costs), room - size({**node, "text": MORE}))]
        return {**node, "text": text + MORE} if text else None
    content = _cut_all(node.get("content", ()), room - size({**node, "content": []}))
    return {**node, "content": content} if content else None


def _cost(char: str) -> int:
    """Return the units that a character takes in JSON, escapes included."""
    if char < " ":
        return 6
    return 2 if char in '"\\' or char > "\uffff" else 1


def _whole(blocks: Iterable[Node], room: int, note: Node | None) -> list[Node]:
    """Keep the blocks that fit whole, and always the note: a last resort for facts that alone exceed the limit."""
    room -= size(note) + _SEPARATOR if note else 0
    kept = []
    for block in blocks:
        cost = 0 if block is note else size(block) + _SEPARATOR
        if cost <= room:
            kept.append(block)
            room -= cost
    return kept


def mention(account_id: str) -> Node:
    """Return a paragraph that mentions a person; only for accounts given to the bot, never for users' text."""
    return {"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": account_id}}]}
