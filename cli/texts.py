"""`texts`: prints all notes and comments of the bot as people read them, filled with their examples."""

from __future__ import annotations

from cli.words import say
from desk.templates import Templates


def printed(templates: Templates) -> str:
    """Return the first example of each text, then every line that only its other examples have."""
    return "\n".join(f"=== {name}\n{_read_through(texts)}\n" for name, texts in templates.examples())


def _read_through(texts: list[str]) -> str:
    lines = texts[0].split("\n")
    for text in texts[1:]:
        others = (line for line in text.split("\n") if line not in lines)
        lines += [line for other in others if (line := say("or_else", line=other)) not in lines]
    return "\n".join(lines)
