"""`flask doctor` for Jira: do the accounts and request types exist that the configuration names by id?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import methodcaller

from config import Config
from desk.circuit_breaker import Refused
from desk.jira.client import JiraSite
from desk.jira.survey import DESKS, desk_rows
from desk.symptoms import Symptom, fault, good, warning


def accounts(config: Config) -> dict[str, list[str]]:
    """Return the Jira accounts that the configuration names, each with its owners there."""
    named = [*config.holds.agents.items()]
    named += [(key, one.jira_assignee) for key, one in config.departments.departments.items() if one.jira_assignee]
    found: dict[str, list[str]] = {}
    for whose, account in named:
        found.setdefault(account, []).append(whose)
    return found


def look_for_people(site: JiraSite, named: Mapping[str, Iterable[str]]) -> Iterator[Symptom]:
    """Yield a fault for an account that Jira does not know, a warning for a deactivated one."""
    well = 0
    for account, whose in named.items():
        values = {"site": site.name, "account": account, "whose": ", ".join(whose)}
        try:
            asked = methodcaller("get", "rest/api/3/user", params={"accountId": account})
            person = site.examine("GET /user", asked)
        except Refused as refused:
            yield fault("account_unknown", **values, reason=refused.reason)
            continue
        if person.get("active", True):
            well += 1
        else:
            yield warning("account_inactive", **values, name=person.get("displayName", account))
    if well:
        yield good("accounts", site=site.name, count=well)


def look_for_request_types(site: JiraSite, config: Config) -> Iterator[Symptom]:
    """Yield a fault for each configured request type that is missing: Jira would refuse every issue for a seller."""
    wanted = {key: row for key, row in config.jira.projects.items() if row.site == site.name and row.request_type}
    desks = {row["projectKey"]: row["id"] for row in desk_rows(site, DESKS)} if wanted else {}
    for key, project in wanted.items():
        rows = desk_rows(site, f"{DESKS}/{desks[key]}/requesttype") if key in desks else []
        if project.request_type not in {str(row["id"]) for row in rows}:
            there = ", ".join(f"{row['id']} «{row['name']}»" for row in rows)
            yield fault("request_type_missing", project=key, name=project.request_type, there=there or "–")
