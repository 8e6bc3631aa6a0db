"""Nobody takes his own rights by a change of `access.yml`; a user's own rights are guarded in `web.access.granting`."""

from __future__ import annotations

from store import users
from web.access import roles
from web.access.guard import person
from web.admin.file_trial import Trial
from web.parts import Parts


def locks_out(parts: Parts, tried: Trial) -> bool:
    """Whether whoever is signed in through the company could not open this page any more."""
    who = person()
    if tried.file.table != "access" or who.how != "oidc" or tried.problems:
        return False
    with parts.process.engine.connect() as connection:
        session = users.session(connection, who.sha256)
    role = tried.config.access.role(who.email, session.claimed if session else None)
    return role is None or not roles.may_enter(role, "files.page")
