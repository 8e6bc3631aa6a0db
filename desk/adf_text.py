"""Jira's document format (ADF, API v3) read back as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain_text(adf: object, *, quotes: bool = True) -> str:
    """Return the text of a document or node: a line per block, cells separated by tabs. A string (API v2) is returned
    as is.

    Anything that is not ADF gives an empty text. With `quotes=False`, block quotes are left out.
    """
    if isinstance(adf, str):
        return adf
    out: list[str] = [""]
    stack: list[object] = [adf]
    while stack:  # no recursion: the sender decides how deep lists nest
        node = stack.pop()
        if isinstance(node, _End):
            _end(out, node)
        elif isinstance(node, dict) and (quotes or node.get("type") != "blockquote"):
            out.append(_inline_text(node))
            content = node.get("content")
            stack.append(_ENDS.get(str(node.get("type")), _NO_END))
            children: list[object] = content if isinstance(content, list) else []
            stack.extend(reversed(children))
    return "".join(out).strip("\n")


class _End(str):
    """A separator after a block, told apart by its type from text that looks the same."""

    __slots__ = ()


_LINE_END, _CELL_END, _NO_END = _End("\n"), _End("\t"), _End("")
_ENDS = {
    "paragraph": _LINE_END,
    "heading": _LINE_END,
    "codeBlock": _LINE_END,
    "tableHeader": _CELL_END,
    "tableCell": _CELL_END,
    "tableRow": _LINE_END,
}


def _end(out: list[str], end: _End) -> None:
    """Close a block: the end of a cell or row replaces the end of its content."""
    if end and isinstance(out[-1], _End) and _CELL_END in {end, out[-1]}:
        out[-1] = end
    elif end:
        out.append(end)


def _inline_text(node: Mapping[str, Any]) -> str:
    if node.get("type") == "hardBreak":
        return "\n"
    attrs = node.get("attrs")
    found = node.get("text") or (
        next((attrs[name] for name in ("text", "shortName", "url", "timestamp") if attrs.get(name)), "")
        if isinstance(attrs, dict)
        else ""
    )
    return str(found)
