"""A form that came too late: its page stood open for too long, or the session had ended. What was typed is not lost."""

from __future__ import annotations

from flask import Response, g, make_response, render_template, request

from web.parts import Parts
from web.words import word, words

SECRETS = frozenset({"password", "present", "new", "token"})  # fields that are never shown


def unsent(parts: Parts) -> Response | None:
    """Return a page that shows what was typed and sends it again; None where nothing was, or where it must not.

    Only a form of our own page is sent again, and only the browser can tell that it was ours.
    """
    fields = [(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"]
    typed = [(name, text) for name, text in fields if text.strip() and _is_typed(parts, name)]
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not typed or not ours or SECRETS & dict(fields).keys():
        return None
    shown = [(_label(parts, name), text) for name, text in typed]
    status = 400 if g.get("person") else 401
    return make_response(render_template("unsent.html", fields=fields, typed=shown), status)


def _is_typed(parts: Parts, name: str) -> bool:
    return name in words()["typed_fields"] or name in parts.process.effective_config.current().cases.facts


def _label(parts: Parts, name: str) -> str:
    fact = parts.process.effective_config.current().cases.facts.get(name)
    return fact.name if fact else word("typed_fields", name)
