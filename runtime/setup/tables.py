"""The tables as they should be for a Jira: what would change in which file, shown, checked and written."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config import Config
from config.faults import Fault
from config.loader import check
from desk.jira.client import JiraSite
from desk.jira.survey import Survey, account_of, survey
from runtime.setup.proposal import PURPOSES, Doubt, Need, match_projects, propose, written
from runtime.setup.warehouses import with_warehouses

FILES = ("jira.yml", "categories.yml", "holds.yml", "cases.yml")  # which name projects of Jira


@dataclass(frozen=True)
class SetupWishes:
    """What the admin says: our project key → Jira's, and an agent's number in the CRM → their e-mail."""

    projects: Mapping[str, str]
    agents: Mapping[str, str]


@dataclass(frozen=True)
class ProposedTables:
    """New texts of the files in `folder` that would change, by name, and what the admin should check.

    `before` has what stands in the files now.
    """

    folder: Path
    before: Mapping[str, str]
    texts: Mapping[str, str]
    doubts: Sequence[Doubt]

    def difference(self) -> str:
        """Return what would change as a unified diff."""
        return "".join(line for name, text in self.texts.items() for line in self._difference(name, text))

    def _difference(self, name: str, text: str) -> Iterable[str]:
        before = self.before[name].splitlines(keepends=True)
        return difflib.unified_diff(before, text.splitlines(keepends=True), name, name, n=1)

    def digest(self) -> str:
        """Return what tells these texts from any others."""
        return hashlib.sha256(json.dumps(dict(self.texts), sort_keys=True).encode()).hexdigest()

    def faults(self, env: Mapping[str, str]) -> list[Fault]:
        """Return what would be wrong with the tables if they were written."""
        with tempfile.TemporaryDirectory() as made:
            new = Path(made)
            for file in self.folder.glob("*.yml"):
                shutil.copy(file, new)
            for name, text in self.texts.items():
                (new / name).write_text(text, encoding="utf-8")
            return check(new, env)

    def write(self) -> None:
        """Write the files."""
        for name, text in self.texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")


def pairs(lines: Iterable[str]) -> dict[str, str]:
    """Return both sides of each `ONE=OTHER`. Raises ValueError with a line that is not like that."""
    found = {}
    for line in lines:
        one, _, other = map(str.strip, line.partition("="))
        if not one or not other:
            raise ValueError(line)
        found[one] = other
    return found


def propose_tables(site: JiraSite, config: Config, folder: Path, wishes: SetupWishes) -> ProposedTables:
    """Survey a site and propose tables that fit it. Raises ActionFault when Jira does not answer."""
    site.myself()
    found = survey(site)
    slots = _slots(config)
    places = match_projects(found, slots) | dict(wishes.projects)
    proposal = propose(found, _needs(config, slots, places))
    doubts = [*_unmatched(slots, places, found), *proposal.doubts]
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
    new = dict(texts)
    new["jira.yml"] = _without_block(texts["jira.yml"], "defaults")
    new["jira.yml"] = _with_block(new["jira.yml"], "projects", written(proposal.projects))
    projects = {slot: project for slot, key in places.items() for project in found.projects if project.key == key}
    new["jira.yml"] = with_warehouses(new["jira.yml"], config, projects, doubts)
    for name in FILES[1:]:
        new[name] = _renamed(texts[name], places)
    new["holds.yml"] = _with_agents(new["holds.yml"], site, wishes.agents, doubts)
    return ProposedTables(folder, texts, {name: text for name, text in new.items() if text != texts[name]}, doubts)


def _slots(config: Config) -> dict[str, list[str]]:
    """Return the project keys that our tables name, each with the names of its topics."""
    slots: dict[str, list[str]] = {key: [] for key in config.jira.projects}
    slots.setdefault(config.holds.project, [])
    for kind in config.categories.types.values():
        slots.setdefault(kind.project, []).extend((kind.name, *kind.aliases))
    for row in config.categories.hold_seller.values():
        slots.setdefault(row.project, [])
    return slots


def _needs(config: Config, slots: Iterable[str], places: Mapping[str, str]) -> dict[str, Need]:
    """Return what each project of Jira needs; if several of ours share one, the first decides."""
    types = config.categories.types
    carrying = {types[name].project for name in config.jira.components if name in types}
    needs: dict[str, Need] = {}
    for slot in slots:
        now = config.jira.projects.get(slot)
        purposes = tuple(now.issue_type) if now else PURPOSES
        needs.setdefault(places.get(slot, slot), Need(purposes, slot in carrying, now))
    return needs


def _unmatched(slots: Iterable[str], places: Mapping[str, str], found: Survey) -> list[Doubt]:
    keys = ", ".join(project.key for project in found.projects)
    return [Doubt("project", {"project": slot, "names": keys}) for slot in slots if slot not in places]


def _renamed(text: str, places: Mapping[str, str]) -> str:
    def other(line: re.Match[str]) -> str:
        return f"{line[1]}{places.get(line[2], line[2])}"

    return re.sub(r"^(\s*(?:project|claims): )([A-Z][A-Z0-9_]+)", other, text, flags=re.MULTILINE)


def _block(key: str) -> re.Pattern[str]:
    """Return a pattern for a top-level key with its indented block."""
    return re.compile(rf"^{key}:[^\n]*\n(?:[ \t][^\n]*\n|\n(?=[ \t]))*", re.MULTILINE)


def _without_block(text: str, key: str) -> str:
    return re.sub(_block(key).pattern + r"\n?", "", text, flags=re.MULTILINE)


def _with_block(text: str, key: str, block: str) -> str:
    return _block(key).sub(lambda _: block, text, count=1)


def _with_agents(text: str, site: JiraSite, agents: Mapping[str, str], doubts: list[Doubt]) -> str:
    found = {}
    for number, email in agents.items():
        account = account_of(site, email)
        if account:
            found[number] = account
        else:
            doubts.append(Doubt("agent", {"agent": number, "email": email}))
    lines = "".join(f'  {number}: "{account}"\n' for number, account in found.items())
    return _with_block(text, "agents", f"agents:\n{lines}") if found else text
