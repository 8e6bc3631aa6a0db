"""What was typed into a form that could not be taken: the page that it leads back to shows it again, once.

It travels in the session's cookie. A form whose handler shows its own page again needs none of this.
"""

from __future__ import annotations

from flask import g, request, session
from werkzeug.datastructures import MultiDict

_PLACE = "typed"
_MOST = 1000  # characters in all: a cookie holds 4 KB
_NOT_TYPED = ("csrf_token", "back", "once")


def keep(form: str) -> None:
    """Keep the current request's form for the next page, where it is called `form`."""
    pairs = [(name, text) for name, text in request.form.items(multi=True) if text and name not in _NOT_TYPED]
    if sum(len(text) for _, text in pairs) <= _MOST:
        session[_PLACE] = [form, pairs]


def typed(form: str) -> MultiDict[str, str]:
    """Return what was typed into `form` when it was refused just now; empty when it was not."""
    if "typed" not in g:
        g.typed = session.pop(_PLACE, None) or ["", []]
    name, pairs = g.typed
    return MultiDict(pairs if name == form else [])
