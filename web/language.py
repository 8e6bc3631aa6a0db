"""The pages' languages, Russian and English: `translations/en` has the English of every Russian text.

The compiled `messages.mo` is in the repository, so that a fresh clone needs no build step. After a change of texts run
`python -m web.catalogue`.
"""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale, get_translations

HERE = Path(__file__).parent
FOLDER = HERE / "translations"
LANGUAGES = {"ru": "Русский", "en": "English"}
COOKIE = "language"


def register(app: Flask) -> None:
    """Show pages in the language that was chosen, else the browser's, else Russian."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(FOLDER)
    Babel(app, default_locale="ru", locale_selector=chosen)
    # a page has hundreds of texts: Flask-Babel would look up the catalogue for each, we do it once per request
    env: Any = app.jinja_env
    env.install_gettext_callables(
        lambda text: _catalogue().gettext(text),
        lambda one, many, number: _catalogue().ngettext(one, many, number),
        newstyle=True,
    )


def _catalogue() -> NullTranslations:
    """Return the catalogue of the request's language."""
    found: NullTranslations | None = g.get("catalogue")
    if found is None:
        g.catalogue = found = get_translations()
    return found


def chosen() -> str:
    """Return the language of the current request."""
    asked = request.cookies.get(COOKIE, "")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "ru") or "ru"


def language() -> str:
    """Return the language of the output: the request's, or Russian on the command line."""
    locale = get_locale() if has_request_context() else None
    return locale.language if locale else "ru"


def said(text: str) -> str:
    """Translate a Russian text of the tables into the request's language."""
    return str(_catalogue().gettext(text)) if text and has_request_context() else text
