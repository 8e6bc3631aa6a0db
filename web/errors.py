"""Answers to errors: a page for people, JSON for programs."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from runtime.outage import Outage
from web.language import said
from web.words import words

PROGRAMS = ("/api/", "/webhooks/", "/health/", "/usedesk/block/")


def register(app: Flask) -> None:
    """Answer HTTP errors and database outages in our own form."""
    outage = Outage()

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        response = _answer(error.code or 500, error.description or error.name)
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    @app.errorhandler(PoolTimeoutError)
    def database(error: Exception) -> Response:
        outage.met(error)
        response = _answer(503, "the database does not answer; try again later")
        response.headers["Retry-After"] = "30"
        return response


def message_page(status: int, key: str | int | None = None) -> Response:
    """Return a page with one sentence of `words.yml`."""
    texts = words()["errors"]
    text = said(texts.get(key or status, texts[404]))
    return make_response(render_template("message.html", text=text, status=status), status)


def _answer(status: int, problem: str) -> Response:
    if request.path.startswith(PROGRAMS):
        response = jsonify({"error": {"problem": problem}})
        response.status_code = status
        return response
    return message_page(status)
