"""Editors are told what the program reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from config.loader import TABLES
from config.schema import FOLDER, schema_text, write

SHIPPED = Path(__file__).resolve().parents[2] / "config"


@pytest.mark.parametrize("name", TABLES)
def test_the_schemas_are_up_to_date(name: str) -> None:
    written = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert written == schema_text(TABLES[name]), "run: python -m config.schema"


@pytest.mark.parametrize("name", TABLES)
def test_the_shipped_table_fits_its_schema_and_names_it(name: str) -> None:
    text = (SHIPPED / f"{name}.yml").read_text(encoding="utf-8")
    schema = json.loads(schema_text(TABLES[name]))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(text))
    assert text.startswith(f"# yaml-language-server: $schema=schemas/{name}.json\n")


def test_a_schema_sees_what_the_program_would_refuse() -> None:
    runtime = yaml.safe_load((SHIPPED / "runtime.yml").read_text(encoding="utf-8"))
    runtime["retry"]["jitter"] = 2
    runtime["http"]["raed"] = "10s"
    runtime["worker_lease"] = "15"
    validator = Draft202012Validator(json.loads(schema_text(TABLES["runtime"])))
    assert sorted(error.json_path for error in validator.iter_errors(runtime)) == [
        "$.http",
        "$.retry.jitter",
        "$.worker_lease",
    ]


def test_the_id_of_a_rule_is_its_key_alone() -> None:
    assert '"id"' not in schema_text(TABLES["rules"])


def test_writing_them(tmp_path: Path) -> None:
    write(tmp_path / "schemas")
    assert sorted(path.stem for path in (tmp_path / "schemas").iterdir()) == sorted(TABLES)
