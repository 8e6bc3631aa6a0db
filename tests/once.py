"""What each bot and each site would make anew, made once for all tests of a process."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from config import yaml_file


def made_once(patch: pytest.MonkeyPatch) -> None:
    """Share tables that were parsed, templates and statements that were compiled, migrations that were read."""
    patch.setattr(yaml_file, "_compose", lru_cache(maxsize=64)(yaml_file._compose))
    patch.setattr(Flask, "jinja_options", {"bytecode_cache": _Templates()})
    patch.setattr(sa, "create_engine", _Engines().create)
    patch.setattr(ScriptDirectory, "from_config", _scripts)


class _Templates(BytecodeCache):
    """The code of pages' templates."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template's code, if it is known."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


class _Engines:
    """Engines of one kind have one dialect, and so one store of compiled statements."""

    def __init__(self) -> None:
        self._create = sa.create_engine
        self._kinds: dict[tuple[str, Any], tuple[sa.Dialect, dict[Any, Any]]] = {}

    def create(self, url: str | sa.URL, **given: Any) -> sa.Engine:
        """An engine as SQLAlchemy makes it."""
        engine = self._create(url, **given)
        kind = engine.url.drivername, given.get("json_serializer")
        known = self._kinds.get(kind)
        if known is None or not hasattr(known[0], "default_isolation_level"):  # the first never met its database
            known = self._kinds[kind] = engine.dialect, {}
        engine.dialect, compiled = known
        engine.update_execution_options(compiled_cache=compiled)
        return engine


def _scripts(config: Config) -> ScriptDirectory:
    return _scripts_in(str(config.get_main_option("script_location")))


@cache
def _scripts_in(folder: str) -> ScriptDirectory:
    return ScriptDirectory(folder)
