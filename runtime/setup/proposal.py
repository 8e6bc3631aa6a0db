"""What `jira.yml` should say of the projects that a survey found; where it had to guess, it says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from config.jira import Project, Purpose
from config.names import match_key
from desk.jira.names import is_done, is_named
from desk.jira.survey import FoundProject, Row, Survey
from desk.jira.transitions import asked_by, targets, ways_to

SUBTASK: Purpose = "courier"
PURPOSES = ("escalation", "hold_ozon", "hold_seller")
Table = dict[str, Any]


@dataclass(frozen=True)
class Need:
    """What for a project is needed, whether its issues carry components, and what `jira.yml` says of it so far."""

    purposes: Sequence[str] = PURPOSES
    components: bool = False
    now: Project | None = None


@dataclass(frozen=True)
class Doubt:
    """What somebody should look at; `code` selects its sentence, which `values` fill in."""

    code: str
    values: Mapping[str, str]


@dataclass
class Proposal:
    """The tables of the projects, and what is not sure in them."""

    projects: dict[str, Table] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def propose(found: Survey, needs: Mapping[str, Need]) -> Proposal:
    """A table for each project of Jira, by its key, of which something is needed."""
    proposal, known = Proposal(), {project.key: project for project in found.projects}
    for key, need in needs.items():
        if key in known:
            proposal.projects[key] = _Proposed(known[key], found, need, proposal.doubts).table()
    return proposal


@dataclass
class _Proposed:
    project: FoundProject
    found: Survey
    need: Need
    doubts: list[Doubt]

    def table(self) -> Table:
        now, served = self.need.now, "hold_seller" in self.need.purposes
        rows = self.project.request_types if served else ()
        request_type = self._chosen("request_type", rows, [now.request_type if now else None, *_names("request_types")])
        own = next((row for row in self.project.issue_types if str(row["id"]) == _of_type(request_type)), None)
        names = [*(now.issue_type.values() if now else ()), *_names("issue_types")]
        kind = own or self._chosen("issue_type", self.project.issue_types, names)
        screen = self.project.fields.get(str(kind["id"]), {}) if kind else {}
        table: Table = {
            "site": "main",
            "issue_type": self._types(kind),
            "create_components": self.need.components and self.project.may_administer,
            "fields": self._fields(screen) if "escalation" in self.need.purposes else {},
            "statuses": self._statuses(),
        }
        if request_type and self.found.request_type_field:
            table["fields"]["request_type"] = self.found.request_type_field
            table["request_type"] = str(request_type["id"])
        elif served and not request_type:
            self._doubt("no_request_type")
        return table

    def _types(self, kind: Row | None) -> dict[str, str]:
        """The type for each purpose: one for all, but for the sub-task of a case."""
        types = {purpose: str(kind["name"]) for purpose in self.need.purposes if kind and purpose != SUBTASK}
        if SUBTASK in self.need.purposes and self.need.now:
            named = self.need.now.issue_type[SUBTASK]
            part = self._chosen("issue_type", self.project.subtask_types, [named])
            types[SUBTASK] = str(part["name"]) if part else named  # where there is none, doctor will say so
        return types

    def _fields(self, screen: Mapping[str, str]) -> dict[str, str]:
        fields: dict[str, str] = {}
        for ours, names in _words()["fields"].items():
            known = set(map(match_key, names))
            found = [one for one, name in screen.items() if one.startswith("customfield_") and match_key(name) in known]
            if found:
                fields[ours] = found[0]
            if len(found) > 1:
                self._doubt("fields_several", name=ours, chosen=found[0], names=", ".join(found))
            elif not found:
                self._doubt("field_missing", name=ours)
        return fields

    def _statuses(self) -> Table:
        rows, names = self.project.statuses, _words()["statuses"]
        begun = [row for row in rows if not is_done(row)]
        working = [row for row in begun if _category(row) == "indeterminate"] or begun
        new = [row for row in begun if _category(row) == "new"] or begun
        likely = {"in_work": working, "queue": new, "waiting_seller": working}
        now = self.need.now.statuses.model_dump() if self.need.now else {}
        chosen = {
            key: self._chosen(f"statuses.{key}", likely[key], [now.get(key), *names[key]], begun) for key in likely
        }
        self._doubt_moves({key: row for key, row in chosen.items() if row})
        told = {key: str(row["name"]) for key, row in chosen.items() if row}
        return {**told, "done": [str(row["name"]) for row in rows if is_done(row)]}

    def _doubt_moves(self, chosen: Mapping[str, Row]) -> None:
        """Check each move that the bot makes from a status in which there is an issue now."""
        moves = [move for purpose in self.need.purposes for move in _words()["moves"].get(purpose, ())]
        for start, end in dict.fromkeys(map(tuple, moves)):
            ways = self.project.ways.get(str(chosen[start]["id"])) if {start, end} <= chosen.keys() else None
            if ways is None or chosen[start] == chosen[end]:
                continue
            names = {"start": str(chosen[start]["name"]), "end": str(chosen[end]["name"])}
            found = ways_to(ways, str(chosen[end]["id"]))
            if not found:
                self._doubt("no_way", **names, names=", ".join(targets(ways)))
            elif asked := asked_by(found[0]):
                self._doubt("way_asks", **names, names=", ".join(asked))

    def _chosen(
        self, what: str, rows: Sequence[Row], names: Sequence[str | None], more: Sequence[Row] = ()
    ) -> Row | None:
        """The row of the first known name, else the first row, which is a guess."""
        for name in names:
            for row in (*rows, *more):
                if is_named(row, name):
                    return row
        if len(rows) > 1 or more:
            names = ", ".join(str(row["name"]) for row in rows)
            self._doubt("choice", name=what, chosen=str(rows[0]["name"]), names=names)
        return rows[0] if rows else None

    def _doubt(self, code: str, **values: str) -> None:
        self.doubts.append(Doubt(code, {"project": self.project.key, **values}))


def _category(row: Row) -> str | None:
    return (row.get("statusCategory") or {}).get("key")


def _of_type(request_type: Row | None) -> str | None:
    return str(request_type["issueTypeId"]) if request_type and request_type.get("issueTypeId") else None


def match_projects(found: Survey, slots: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which project of Jira stands for each key that our tables name: by its key, else by a name of its topics."""
    keys = {project.key for project in found.projects}
    matched = {slot: slot for slot in slots if slot in keys}
    for slot, names in slots.items():
        known = set(map(match_key, names))
        same = [project.key for project in found.projects if match_key(project.name) in known]
        if slot not in matched and len(same) == 1:
            matched[slot] = same[0]
    if len(found.projects) == 1:
        return dict.fromkeys(slots, found.projects[0].key) | matched
    return matched


def shared(projects: Mapping[str, Table]) -> tuple[Table, dict[str, Table]]:
    """What most projects have in common, and in what each differs from it."""
    common = _common([table for table in projects.values()])
    return common, {key: _rest(table, common) for key, table in projects.items()}


def _common(tables: Sequence[Table]) -> Table:
    """What more than half of the tables have, in the value that most of those give it."""
    common: Table = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        values = [table[key] for table in tables if key in table]
        if 2 * len(values) <= len(tables):
            continue
        if all(isinstance(value, dict) for value in values):
            common[key] = _common([value for value in values if value])
        else:
            most, count = Counter(map(repr, values)).most_common(1)[0]
            if count > 1 or len(tables) == 1:
                common[key] = next(value for value in values if repr(value) == most)
    return {key: value for key, value in common.items() if value != {}}


def _rest(table: Table, common: Table) -> Table:
    """In what a table differs from what is common; null for what it has not."""
    rest: Table = {key: None for key in common if not table.get(key) and table.get(key) is not False}
    for key, value in table.items():
        if key in rest or value == {}:
            continue
        if isinstance(value, dict) and isinstance(common.get(key), dict):
            if inner := _rest(value, common[key]):
                rest[key] = inner
        elif key not in common or common[key] != value:
            rest[key] = value
    return rest


def written(projects: Mapping[str, Table]) -> str:
    """The lines `defaults:` and `projects:` of `jira.yml`."""
    common, own = shared(projects)
    parts = [{"defaults": common}, {"projects": own}]
    texts = [yaml.safe_dump(part, allow_unicode=True, sort_keys=False, width=120) for part in parts]
    return "\n".join(texts)


def _names(key: str) -> list[str]:
    return list(_words()[key])


@cache
def _words() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "names.yml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found
