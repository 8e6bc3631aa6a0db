"""A new text of a file, tried out beside the others before it is saved: the checks of `flask check-config`, and how
the bot's words would read.

A page is open to people who have no access to the server. So it changes no place at which a variable of the
environment is named, and no site of Jira: a token would go wherever such a place sends it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from config import Config, ConfigError, check, load
from config.faults import Steps, dotted, shown
from config.yaml_file import read as read_yaml
from desk.templates import TemplateError, Templates
from desk.templates.reading import examples_of, values_of
from web.admin.calendar_preview import changed_days
from web.admin.config_files import ConfigFile
from web.parts import Parts
from web.words import word

_NAMED = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")
_Found = TypeVar("_Found")
_ON_THE_SERVER = {"jira": ("sites",)}  # changed by whoever may set variables, as are all `${…}`


@dataclass(frozen=True)
class Trial:
    """A copy of both folders, with the new text; `root` and `tables` are the folders as they are now."""

    file: ConfigFile
    root: Path
    tables: Path
    copy: Path
    today: date

    @cached_property
    def problems(self) -> list[str]:
        """What is wrong with the new text, or with other files because of it."""
        if self.file.table is None:
            return self._of_template()
        if wrong := self._of_places():  # before the other checks, whose words repeat values
            return wrong
        known = _check(self.tables, self.root)
        found = _check(self.copy / "config", self.copy)
        return [fault for fault in found if fault.startswith(self.file.name) or fault not in known]

    @cached_property
    def previews(self) -> Mapping[str, list[str]]:
        """How the texts read that become other ones; of the calendar, which days do; nothing for another table."""
        if self.problems:
            return {}
        if self.file.table is not None:
            return self._days() if self.file.table == "calendar" else {}
        new, old = examples_of(self.copy, self.file.name), _or_nothing(examples_of, self.root, self.file.name)
        return {name: texts for name, texts in new.items() if texts != old.get(name)}

    @cached_property
    def config(self) -> Config:
        """The configuration with the new text, when nothing is wrong with it. Raises ConfigError."""
        return _load(self.copy / "config", self.copy)

    def _days(self) -> Mapping[str, list[str]]:
        try:
            return changed_days(_load(self.tables, self.root).calendar, self.config.calendar, self.today)
        except ConfigError:  # another table is wrong already
            return {}

    def _of_template(self) -> list[str]:
        known = Templates(self.root).check()
        found = [one for one in Templates(self.copy).check() if one.startswith(self.file.name) or one not in known]
        return found or list(self._of_names())

    def _of_names(self) -> Iterator[str]:
        """The program asks for these texts by name and gives them these values."""
        old, new = _or_nothing(values_of, self.root, self.file.name), values_of(self.copy, self.file.name)
        for name in old:
            if name not in new:
                yield word("file_faults", "text_gone").format(name=name)
            elif new[name] != old[name]:
                yield word("file_faults", "values").format(name=name, values=", ".join(sorted(old[name])) or "–")

    def _of_places(self) -> list[str]:
        try:
            found = _places(self.copy / self.file.name, self.file.table)
        except ConfigError:
            return []  # it cannot be read at all, which the check says
        try:
            old = _places(self.file.path, self.file.table)
        except ConfigError:
            old = {}
        wrong = sorted(place for place in old.keys() | found.keys() if old.get(place) != found.get(place))
        return [word("file_faults", "on_the_server").format(place=place) for place in wrong]


@contextmanager
def trial(parts: Parts, file: ConfigFile, text: str) -> Iterator[Trial]:
    """Try a text out, in a folder of its own."""
    root, tables = parts.process.factory.templates.folder, parts.process.settings.config_dir
    with TemporaryDirectory(prefix="smezhnik-") as folder:
        copy = Path(folder)
        for name, source in (
            ("config", tables),
            *((one, root / one) for one in ("jira_templates", "crm_templates")),
        ):
            (copy / name).mkdir()
            for path in source.glob("*.yml"):
                shutil.copyfile(path, copy / name / path.name)
        (copy / file.name).write_text(text, encoding="utf-8")
        yield Trial(file, root, tables, copy, parts.process.clock.now().date())


def _load(tables: Path, root: Path) -> Config:
    return load(tables, os.environ, root / "jira_templates")


def _check(tables: Path, root: Path) -> list[str]:
    """The faults of a folder of tables, each with the name that the page knows the file by."""
    faults = check(tables, os.environ, root / "jira_templates")
    named = [str(replace(fault, file=f"config/{Path(fault.file).name}")) for fault in faults]
    return [_without_variables(fault, tables) for fault in named] if faults else []


def _without_variables(fault: str, tables: Path) -> str:
    """A fault repeats the value that is wrong; what came out of a variable is named instead."""
    written = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in tables.glob("*.yml"))
    for name in sorted(set(_NAMED.findall(written))):
        for value in filter(None, (os.environ.get(name, ""), shown(os.environ.get(name, "")))):
            fault = fault.replace(value, f"${{{name}}}")
    return fault


def _or_nothing(look: Callable[[Path, str], Mapping[str, _Found]], root: Path, file: str) -> Mapping[str, _Found]:
    """What is known of the file as it is; nothing when it is wrong already."""
    try:
        return look(root, file)
    except TemplateError:
        return {}


def _places(path: Path, table: str | None) -> dict[str, str]:
    """The places of a table that only the server changes, with what stands there."""
    found = _texts(read_yaml(path, path.name).data, ())
    kept = _ON_THE_SERVER.get(table or "", ())
    return {dotted(steps): text for steps, text in found if "${" in text or (steps[:1] and steps[0] in kept)}


def _texts(value: object, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*steps, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*steps, number))
    elif value is not None:
        yield steps, str(value)
