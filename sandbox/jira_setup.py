"""Doors that Jira has not: what its admins do, or time does, to workflows, screens and people."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from sandbox import jira_fields
from sandbox.control import body_object, refuse
from sandbox.core import here
from sandbox.world import Transition

routes = Blueprint("jira_setup", __name__, url_prefix="/sandbox/jira")


@routes.post("/transitions")
def put_transition() -> ResponseReturnValue:
    """Add a transition to the workflow, or replace the one with this id; the keys are those of `world.yml`."""
    try:
        given = Transition.model_validate(body_object())
    except ValidationError as fault:
        refuse(str(fault))
    state = here().jira
    others = tuple(one for one in state.world.transitions if one.id != given.id)
    state.world = state.world.model_copy(update={"transitions": (*others, given)})
    return jsonify(given.model_dump())


@routes.route("/screen", methods=["GET", "POST"])
def screen() -> ResponseReturnValue:
    """Which fields stand on the screens; a POST puts fields on all of them (true) or takes them off (false)."""
    state = here().jira
    for name, is_shown in body_object().items() if request.method == "POST" else ():
        if jira_fields.reader(state, name) is None:
            refuse(f"unknown field {name}")
        (state.off_screen.discard if is_shown else state.off_screen.add)(name)
    return jsonify({name: name not in state.off_screen for name in jira_fields.every_field(state)})


@routes.post("/people")
def people() -> ResponseReturnValue:
    """Let accounts leave (false) or come back (true)."""
    state = here().jira
    for account, is_there in body_object().items():
        if state.world.account(account) is None:
            refuse(f"unknown account {account}")
        (state.left.discard if is_there else state.left.add)(account)
    return jsonify({account.id: account.id not in state.left for account in state.world.accounts})
