"""`flask doctor` for Jira: does what `jira.yml` names exist, and may the bot do what its actions do?

All calls are reads. Field metadata is that of the create screen: Jira refuses fields that are not on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from config import Config
from config.jira import Project
from desk.circuit_breaker import Down, Refused
from desk.faults import ActionFault
from desk.jira.client import PAGE, JiraSite
from desk.jira.names import is_named
from desk.symptoms import Symptom, fault, good, moved, warning

# for the actions; deleting is for an internal comment that Jira would show to a customer
RIGHTS = (
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "DELETE_OWN_COMMENTS",
    "ASSIGN_ISSUES",
    "TRANSITION_ISSUES",
    "LINK_ISSUES",
)
ATTACH = "CREATE_ATTACHMENTS"  # photos to the issues of problem cases (J-06)
SELLERS = ("MODIFY_REPORTER", "SERVICEDESK_AGENT")  # the seller as reporter; comments that the seller does not see
ADMINISTER = "ADMINISTER_PROJECTS"  # to create components
ALWAYS = ("summary", "description", "labels")
GIVEN = ("project", "issuetype", "reporter", *ALWAYS)


def examine(site: JiraSite, config: Config) -> Iterator[Symptom]:
    """Examine a site and its projects; a site that does not answer is a single fault."""
    try:
        site.myself()
        found = [
            symptom
            for key, project in config.jira.projects.items()
            if project.site == site.name
            for symptom in _Examined(site, config, key, project).symptoms()
        ]
    except ActionFault as silent:
        if isinstance(silent, Down) and silent.trouble.moved_to:
            yield moved(site.system, silent.trouble)
        else:
            yield fault("jira_silent", site=site.name, reason=silent.reason)
        return
    yield good("jira_answers", site=site.name, user=config.jira.sites[site.name].user)
    yield from found


@dataclass(frozen=True)
class _Examined:
    """One project under examination."""

    site: JiraSite
    config: Config
    key: str
    project: Project

    def symptoms(self) -> list[Symptom]:
        try:
            shown = self.site.examine("GET /project", lambda client: client.get_project(self.key))
        except Refused as refused:
            return [fault("project_unseen", project=self.key, site=self.site.name, reason=refused.reason)]
        found: list[Symptom] = []
        try:
            rights = self._rights()
            found += [*self._missing_rights(rights), *self._components(shown, rights)]
            for name, purposes in self._types().items():
                kind = next((row for row in shown["issueTypes"] if is_named(row, name)), None)
                if kind is None:
                    names = ", ".join(row["name"] for row in shown["issueTypes"])
                    found.append(fault("type_missing", project=self.key, name=name, names=names))
                elif "CREATE_ISSUES" in rights:  # without it Jira does not show the create screen
                    found += self._screen(name, str(kind["id"]), purposes)
            found += self._statuses()
        except Refused as refused:
            found.append(warning("not_examined", project=self.key, reason=refused.reason))
        return found or [good("project_right", project=self.key)]

    def _types(self) -> dict[str, set[str]]:
        """Return the issue types that the bot makes, each with its purposes."""
        types: dict[str, set[str]] = {}
        for purpose, name in self.project.issue_type.items():
            types.setdefault(name, set()).add(purpose)
        return types

    def _rights(self) -> set[str]:
        asked = ",".join((*self._needed(), ADMINISTER))
        answer = self.site.examine(
            "GET /mypermissions", lambda client: client.get_my_permissions(project_key=self.key, permissions=asked)
        )
        return {name for name, right in answer["permissions"].items() if right["havePermission"]}

    def _needed(self) -> tuple[str, ...]:
        """Return the needed permissions; a Jira without service desks refuses questions about those of `SELLERS`."""
        own = (*RIGHTS, ATTACH) if self.key == self.config.cases.project else RIGHTS
        return (*own, *SELLERS) if self.project.request_type else own

    def _missing_rights(self, rights: set[str]) -> Iterator[Symptom]:
        if missing := [name for name in self._needed() if name not in rights]:
            yield fault("rights_missing", project=self.key, names=", ".join(missing))

    def _components(self, shown: Mapping[str, Any], rights: set[str]) -> Iterator[Symptom]:
        there = {row["name"] for row in shown.get("components", ())}
        missing = [name for name in self._wanted() if name not in there]
        if not missing:
            return
        values: dict[str, Any] = {"project": self.key, "names": ", ".join(missing), "each": tuple(missing)}
        if not self.project.create_components:
            yield fault("components_missing", **values)
        elif ADMINISTER not in rights:
            yield fault("components_not_allowed", **values)
        else:
            yield warning("components_later", **values)

    def _wanted(self) -> list[str]:
        """Return the components that an escalation into this project may have."""
        names: dict[str, None] = {}
        for type_id, kind in self.config.categories.types.items():
            rule = self.config.jira.components.get(type_id)
            if kind.project == self.key and rule is not None:
                ours = (*rule.always, *rule.by_warehouse.values(), *([rule.fallback] if rule.fallback else ()))
                names |= dict.fromkeys(ours)
        return list(names)

    def _screen(self, name: str, type_id: str, purposes: set[str]) -> Iterator[Symptom]:
        """Yield what the create screen of an issue type lacks, and what it requires that the bot does not have."""
        fields = {str(row["fieldId"]): row for row in self._fields(type_id)}
        filled = self._filled(purposes)
        values = {"project": self.key, "type": name}
        for ours, field in filled.items():
            if field not in fields:
                yield fault("field_not_on_screen", **values, name=ours, field=field)
        known = {*GIVEN, *filled.values(), self.project.fields.request_type}
        if "courier" in purposes:  # a sub-task
            known.add("parent")
        for field, row in fields.items():
            if row["required"] and not row.get("hasDefaultValue") and field not in known:
                yield fault("field_required", **values, name=row["name"], field=field)

    def _filled(self, purposes: set[str]) -> dict[str, str]:
        """Return the fields that an issue of these purposes is created with: our name for each → Jira's."""
        own = self.project.fields.model_dump(exclude={"request_type"}, exclude_none=True)
        if purposes == {"hold_seller"}:  # its template fills in no other custom field
            own = {name: field for name, field in own.items() if name == "ticket"}
        names = list(ALWAYS)
        if "escalation" in purposes and self._wanted():
            names.append("components")
        if purposes & {"hold_ozon", "hold_seller"}:
            names.append("assignee")
        if "hold_seller" in purposes and self.project.request_type:
            names.append("reporter")
        return own | {name: name for name in names}

    def _fields(self, type_id: str) -> list[dict[str, Any]]:
        fields: list[dict[str, Any]] = []
        while True:
            page = self.site.examine("GET /issue/createmeta/issuetypes", partial(self._page, type_id, len(fields)))
            fields += page["fields"]
            if not page["fields"] or len(fields) >= page.get("total", 0):
                return fields

    def _page(self, type_id: str, start_at: int, client: Any) -> requests.Response:
        page: requests.Response = client.get_create_issue_meta_issue_type_id(
            self.key, type_id, start_at=start_at, max_results=PAGE
        )
        return page

    def _statuses(self) -> Iterator[Symptom]:
        types = self.site.examine("GET /project/statuses", lambda client: client.get_all_statuses(self.key))
        used = [kind for kind in types if any(is_named(kind, name) for name in self.project.issue_type.values())]
        rows = [row for kind in used for row in kind["statuses"]]
        there = dict.fromkeys(row["name"] for row in rows)
        named = self.project.statuses.model_dump()
        for key, value in named.items():
            names = (value,) if isinstance(value, str) else value
            missing = [name for name in names if not any(is_named(row, name) for row in rows)]
            if there and missing:
                told = {"names": ", ".join(missing), "there": ", ".join(there)}
                yield fault("status_missing", project=self.key, key=f"statuses.{key}", **told)
