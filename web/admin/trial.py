"""«Что сделал бы бот» about a body that is pasted: a neutral CRM event, or a Jira webhook."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from desk.crm.client import SYSTEM as WEBCRM
from web.admin.dry_runs import of_body
from web.parts import Parts, crms


def blueprint(parts: Parts) -> Blueprint:
    """`/try`."""
    routes = Blueprint("trial", __name__)
    webcrm = WEBCRM in crms(parts)

    @routes.get("/try")
    def page() -> str:
        """The empty form."""
        return render_template("try.html", body="", dry_run=None, fault=None, webcrm=webcrm)

    @routes.post("/try")
    def run() -> str:
        """What would be done; look-ups in Jira and the CRM are real, nothing is changed."""
        body = request.form.get("body", "")
        found = of_body(parts, body)
        fault = found if isinstance(found, str) else None
        return render_template("try.html", body=body, dry_run=None if fault else found, fault=fault, webcrm=webcrm)

    return routes
