"""Atlassian Document Format: a compact check of the nodes that a bot writes, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TEXT_LIMIT = 32_767  # characters; Jira refuses a longer text field

INLINE = ("text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard")
LISTS = ("bulletList", "orderedList")
CELL = ("paragraph", "heading", *LISTS, "codeBlock", "blockquote", "panel", "rule", "taskList", "blockCard")
# node: the children it may hold
CHILDREN: dict[str, tuple[str, ...]] = {
    "doc": (*CELL, "table", "expand"),
    "paragraph": INLINE,
    "heading": INLINE,
    "bulletList": ("listItem",),
    "orderedList": ("listItem",),
    "listItem": ("paragraph", *LISTS, "codeBlock", "taskList"),
    "taskList": ("taskItem", "taskList"),
    "taskItem": INLINE,
    "codeBlock": ("text",),
    "blockquote": ("paragraph", *LISTS, "codeBlock"),
    "panel": ("paragraph", "heading", *LISTS, "codeBlock", "rule", "taskList", "blockCard"),
    "expand": (*CELL, "table"),
    "table": ("tableRow",),
    "tableRow": ("tableHeader", "tableCell"),
    "tableHeader": CELL,
    "tableCell": CELL,
}
NOT_EMPTY = (*LISTS, "listItem", "blockquote", "panel", "expand", "table", "taskList", "tableHeader", "tableCell")
# node or mark: (attributes it must have, attributes it may have)
ATTRS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "heading": (("level",), ()),
    "orderedList": ((), ("order",)),
    "taskList": (("localId",), ()),
    "taskItem": (("localId", "state"), ()),
    "codeBlock": ((), ("language", "uniqueId", "wrap")),
    "panel": (("panelType",), ("panelIcon", "panelIconId", "panelIconText", "panelColor")),
    "expand": ((), ("title",)),
    "table": ((), ("displayMode", "isNumberColumnEnabled", "layout", "width")),
    "tableHeader": ((), ("colspan", "rowspan", "colwidth", "background")),
    "tableCell": ((), ("colspan", "rowspan", "colwidth", "background")),
    "hardBreak": ((), ("text",)),
    "mention": (("id",), ("text", "accessLevel", "userType")),
    "emoji": (("shortName",), ("id", "text")),
    "date": (("timestamp",), ()),
    "status": (("text", "color"), ("style",)),
    "inlineCard": ((), ("url", "data")),
    "blockCard": ((), ("url", "data", "datasource", "layout", "width")),
    "link": (("href",), ("title", "id", "collection", "occurrenceKey")),
    "textColor": (("color",), ()),
    "subsup": (("type",), ()),
}
MARKS = ("strong", "em", "code", "link", "strike", "underline", "subsup", "textColor")
BESIDE_CODE = ("code", "link")  # the only marks that may stand on inline code
KEYS = {"doc": {"type", "version", "content"}, "text": {"type", "text", "marks"}}
NODE_KEYS = {"type", "content", "attrs", "marks"}


def is_valid(document: Any) -> bool:
    """True when Jira would take the document."""
    return isinstance(document, dict) and document.get("version") == 1 and _node_is_valid(document, ("doc",), "")


def _node_is_valid(node: Any, allowed: tuple[str, ...], parent: str) -> bool:
    if not isinstance(node, dict) or node.get("type") not in allowed or set(node) - KEYS.get(node["type"], NODE_KEYS):
        return False
    kind = node["type"]
    if kind == "text":
        return _text_is_valid(node, parent)
    content = node.get("content", [])
    if not isinstance(content, list) or (content and kind not in CHILDREN):
        return False
    if (kind in NOT_EMPTY and not content) or (kind == "doc" and "content" not in node):
        return False
    if kind == "listItem" and content[0].get("type") == "taskList":
        return False
    return _attrs_are_valid(node) and all(_node_is_valid(child, CHILDREN[kind], kind) for child in content)


def _text_is_valid(node: dict[str, Any], parent: str) -> bool:
    text, marks = node.get("text"), node.get("marks", [])
    if not isinstance(text, str) or not text or ("\n" in text and parent != "codeBlock"):
        return False
    if not isinstance(marks, list) or (marks and parent == "codeBlock"):
        return False
    kinds = [mark.get("type") for mark in marks if isinstance(mark, dict)]
    if len(kinds) != len(marks) or len(set(kinds)) != len(kinds) or not set(kinds) <= set(MARKS):
        return False
    if "code" in kinds and not set(kinds) <= set(BESIDE_CODE):
        return False
    return all(_attrs_are_valid(mark) for mark in marks)


def _attrs_are_valid(node: dict[str, Any]) -> bool:
    must, may = ATTRS.get(node["type"], ((), ()))
    attrs = node.get("attrs", {})
    if not isinstance(attrs, dict) or set(attrs) - {*must, *may, "localId"}:
        return False
    return all(attrs.get(name) not in (None, "") for name in must)


def text_length(document: dict[str, Any]) -> int:
    """How many characters of text the document holds."""
    return sum(len(str(node.get("text", ""))) for node in _walk(document) if node["type"] == "text")


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("content", []):
        yield from _walk(child)


def to_text(document: dict[str, Any] | None) -> str | None:
    """The document as Jira's older text (wiki markup), as webhooks and the service desk carry it."""
    return None if document is None else _block(document).strip("\n")


def from_text(text: str) -> dict[str, Any]:
    """Plain text as a document: a paragraph a line."""
    lines = text.splitlines() or [""]
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in lines]
    return {"type": "doc", "version": 1, "content": content}


BEFORE = {"blockquote": "bq. ", "rule": "----"}


def _block(node: dict[str, Any]) -> str:
    kind, content = node["type"], node.get("content", [])
    if kind in ("paragraph", "heading", "taskItem"):
        head = f"h{node['attrs']['level']}. " if kind == "heading" else ""
        return head + "".join(_inline(child) for child in content) + "\n"
    if kind in LISTS:
        mark = "*" if kind == "bulletList" else "#"
        return "".join(f"{mark} {_block(item).strip()}\n" for item in content)
    if kind == "codeBlock":
        return "{code}" + "".join(child["text"] for child in content) + "{code}\n"
    if kind == "tableRow":
        return "|" + "|".join(_block(cell).strip() for cell in content) + "|\n"
    return BEFORE.get(kind, "") + "".join(_block(child) for child in content)


def _inline(node: dict[str, Any]) -> str:
    attrs = node.get("attrs", {})
    if node["type"] == "text":
        link = next((mark["attrs"]["href"] for mark in node.get("marks", []) if mark["type"] == "link"), None)
        return f"[{node['text']}|{link}]" if link else str(node["text"])
    if node["type"] == "mention":
        return f"[~accountid:{attrs['id']}]"
    return {"hardBreak": "\n"}.get(node["type"]) or str(attrs.get("text") or attrs.get("url") or "")
