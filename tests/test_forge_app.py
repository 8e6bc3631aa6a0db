"""The Forge app in `forge/`: a manifest that Forge takes, events that the bot understands, a panel that runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from receivers.forge_events import PREFIX, understand
from receivers.openapi import document

ROOT = Path(__file__).resolve().parents[1]
FORGE = ROOT / "forge"
NODE = shutil.which("node")
EXACT = r"\d+\.\d+\.\d+"


@pytest.fixture(scope="module")
def manifest() -> Any:
    return yaml.safe_load((FORGE / "manifest.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def facts() -> Any:
    return yaml.safe_load(Path(__file__).with_name("forge_facts.yml").read_text(encoding="utf-8"))


def test_the_manifest_is_made_as_forge_wants_it(manifest: Any, facts: Any) -> None:
    assert set(manifest) == set(facts["top"])
    assert re.fullmatch(facts["app"], manifest["app"]["id"])
    assert manifest["app"]["runtime"]["name"] in facts["runtimes"]
    (remote,) = manifest["remotes"]
    assert remote["baseUrl"].startswith("https://")
    assert set(remote["operations"]) <= set(facts["operations"])
    for module, entries in manifest["modules"].items():
        keys = [entry["key"] for entry in entries]
        assert len(set(keys)) == len(keys), module
        assert all(re.fullmatch(facts["key"], key) and len(key) <= facts["longest_key"] for key in keys), module


def test_all_that_is_named_in_it_is_there(manifest: Any, facts: Any) -> None:
    modules = manifest["modules"]
    endpoints = {one["key"]: one for one in modules["endpoint"]}
    remotes, resources = ({one["key"]: one for one in manifest[name]} for name in ("remotes", "resources"))
    (panel,) = modules["jira:issuePanel"]
    assert set(panel) == set(facts["panel"])
    assert {panel["resolver"]["endpoint"], *(one["endpoint"] for one in modules["trigger"])} == set(endpoints)
    assert {one["remote"] for one in endpoints.values()} == set(remotes)
    assert all((FORGE / one["path"]).exists() for one in resources.values())
    folder, _, file = panel["icon"].removeprefix("resource:").partition(";")
    assert (FORGE / resources[folder]["path"] / file).exists()
    assert panel["resource"] in resources
    assert panel["render"] == "native"


def test_it_asks_for_no_more_than_reading_and_for_no_token_of_a_user(manifest: Any) -> None:
    assert manifest["permissions"] == {"scopes": ["read:jira-work"]}
    assert "auth" not in json.dumps(manifest["modules"]["endpoint"])


def test_the_bot_understands_what_it_is_sent_and_is_not_sent_its_own(manifest: Any, facts: Any) -> None:
    triggers = manifest["modules"]["trigger"]
    assert all(one["filter"] == {"ignoreSelf": True} for one in triggers)
    events = [event for one in triggers for event in one["events"]]
    assert len(events) == len(set(events))
    assert set(events) <= set(facts["events"])
    not_understood = {event for event in events if str(understand({"eventType": event}).body["webhookEvent"]) == event}
    assert not_understood == {f"{PREFIX}{done}:component" for done in ("created", "updated", "deleted")}


def test_its_addresses_are_the_bots(manifest: Any) -> None:
    routes = [one["route"]["path"] for one in manifest["modules"]["endpoint"] if "route" in one]
    assert routes == ["/webhooks/forge"]
    assert set(routes) <= set(document(["forge"])["paths"])
    assert 'path: "/forge/panel"' in (FORGE / "src/card.js").read_text(encoding="utf-8")


def test_what_the_panel_imports_is_pinned() -> None:
    package = json.loads((FORGE / "package.json").read_text(encoding="utf-8"))
    imported = set()
    for file in (FORGE / "src").glob("*.js"):
        imported |= set(re.findall(r'from "([^"]+)"', file.read_text(encoding="utf-8")))
    for name in imported:
        assert (FORGE / "src" / name).exists() if name.startswith(".") else name in package["dependencies"]
    assert all(re.fullmatch(EXACT, version) for version in package["dependencies"].values())


@pytest.mark.skipif(NODE is None, reason="no Node here: the panel's own tests were not run")
def test_the_panel_compiles_and_its_own_tests_pass() -> None:
    assert NODE is not None
    for file in sorted((FORGE / "src").glob("*.js")):
        subprocess.run([NODE, "--check", file], check=True, cwd=FORGE)  # noqa: S603
    tests = sorted(str(file) for file in (FORGE / "test").glob("*.js"))
    done = subprocess.run([NODE, "--test", *tests], cwd=FORGE, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout
    assert re.search(r"pass [1-9]", done.stdout)


def test_the_placeholder_is_an_app_id_that_the_settings_take(manifest: Any) -> None:
    assert Settings.read({"FORGE_APP_ID": manifest["app"]["id"]}).forge_app_id == manifest["app"]["id"]
