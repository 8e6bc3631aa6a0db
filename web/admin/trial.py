"""«Проверка события»: what the bot would do about a body that is pasted, or about an example."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from desk.crm.client import SYSTEM as WEBCRM
from web.admin import trial_examples
from web.admin.dry_runs import ShownDryRun, of_body
from web.parts import Parts, crms
from web.words import word


def blueprint(parts: Parts) -> Blueprint:
    """`/try`."""
    routes = Blueprint("trial", __name__)

    @routes.get("/try")
    def page() -> str:
        """The form: empty, or with the example that was chosen."""
        chosen = request.args.get("example", "")
        return _page(parts, trial_examples.body(parts, chosen), chosen=chosen)

    @routes.post("/try")
    def run() -> str:
        """What would be done; look-ups in Jira and the CRM are real, nothing is changed."""
        body = request.form.get("body", "")
        return _page(parts, body, of_body(parts, body))

    return routes


def _page(parts: Parts, body: str, found: ShownDryRun | str | None = None, chosen: str = "") -> str:
    """`found`: the dry run, or why the body cannot be read."""
    return render_template(
        "try.html",
        examples=[(name, word("trial_examples", name)) for name in trial_examples.names(parts)],
        chosen=chosen,
        body=body,
        dry_run=found if isinstance(found, ShownDryRun) else None,
        fault=found if isinstance(found, str) else None,
        webcrm=WEBCRM in crms(parts),
    )
