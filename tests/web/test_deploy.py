"""What `deploy/` starts is what the Procfile starts, and what it watches is what `/metrics` has.

No container is run here: the files are read, and what the image would hold is run in a folder of its own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bot import environment
from tests.databases import Sqlite
from tests.web.site import NOWHERE, Site

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
_LINES = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
PROCFILE = {name: shlex.split(command) for name, _, command in (line.partition(": ") for line in _LINES)}
_NAME = re.compile(r"smezhnik_[a-z_]+")


def plain(command: list[str]) -> list[str]:
    """The words of a command, without the shell that fills in $PORT."""
    words = shlex.split(command[2].replace("$$", "$")) if command[0].endswith("sh") else command
    return words[1:] if words[0] == "exec" else words


def dockerfile() -> dict[str, str]:
    """The last of each of its instructions."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def compose() -> dict[str, dict[str, Any]]:
    """Its services but the database."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    return {name: service for name, service in found.items() if name != "database"}


def pods() -> dict[str, dict[str, Any]]:
    """The specification of each Deployment's pod, by process."""
    parts = [part for path in DEPLOY.glob("kubernetes/*.yml") for part in yaml.safe_load_all(path.read_text("utf-8"))]
    return {
        part["metadata"]["labels"]["process"]: part["spec"]["template"]["spec"]
        for part in parts
        if part["kind"] == "Deployment"
    }


def units() -> dict[str, str]:
    """The text of each unit, by process."""
    return {re.split(r"[-@.]", path.name)[1]: path.read_text("utf-8") for path in DEPLOY.glob("systemd/*.service")}


def test_compose_starts_what_the_procfile_starts() -> None:
    assert {name: plain(service["command"]) for name, service in compose().items()} == PROCFILE
    assert compose()["worker"]["deploy"]["replicas"] == 2


def test_kubernetes_starts_what_the_procfile_starts() -> None:
    started = {name: plain(pod["containers"][0]["command"]) for name, pod in pods().items()}
    assert started == {name: command for name, command in PROCFILE.items() if name != "release"}


def test_systemd_starts_what_the_procfile_starts() -> None:
    lines = {name: re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE) for name, text in units().items()}
    started = {name: plain(shlex.split(line)) for name, (line,) in lines.items()}
    assert started == {name: command for name, command in PROCFILE.items() if name != "release"}


def test_the_image_serves_as_the_procfile_does_and_not_as_root() -> None:
    found = dockerfile()
    assert plain(json.loads(found["CMD"])) == PROCFILE["web"]
    assert int(found["USER"]) > 0
    assert "HEALTHCHECK" in found
    compile(json.loads(found["HEALTHCHECK"].partition("CMD ")[2])[2], "HEALTHCHECK", "exec")


def test_nothing_writes_into_the_image() -> None:
    assert all(service["read_only"] and service["tmpfs"] == ["/tmp"] for service in compose().values())  # noqa: S108
    for pod in pods().values():
        assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
        assert pod["securityContext"]["runAsNonRoot"]


def test_web_has_a_place_for_long_requests() -> None:
    folder = dict(re.findall(r"(\w+)=(\S+)", dockerfile()["ENV"]))["DATA_DIR"]
    assert [volume.split(":")[1] for volume in compose()["web"]["volumes"]] == [folder]
    assert folder in [mount["mountPath"] for mount in pods()["web"]["containers"][0]["volumeMounts"]]


def test_what_the_image_holds_is_enough(sqlite: Sqlite, tmp_path: Path) -> None:
    image = tmp_path / "app"
    image.mkdir()
    for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            source = ROOT / line[1:]
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, image / line[1:])
    env = os.environ | environment(NOWHERE, sqlite.empty(tmp_path), tmp_path) | {"PYTHONDONTWRITEBYTECODE": "1"}
    env["CONFIG_DIR"] = str(image / "config")
    for words in (PROCFILE["release"], ["flask", "--app", "app", "check-config"]):
        subprocess.run([sys.executable, "-m", *words], cwd=image, env=env, check=True)  # noqa: S603
    served = [sys.executable, "-m", "gunicorn", "--check-config", "app:create_app()"]
    subprocess.run(served, cwd=image, env=env, check=True)  # noqa: S603


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_what_is_watched_is_measured(name: str, site: Site) -> None:
    served = set(_NAME.findall(site.get("/metrics").text))
    text = (DEPLOY / name).read_text(encoding="utf-8")
    watched = set(_NAME.findall(text))
    assert watched
    assert watched <= served


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed here")
    for path in DEPLOY.glob("systemd/*.service"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace("User=smezhnik\n", ""))
        told = subprocess.run(  # noqa: S603
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / path.name)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, [line for line in told.stderr.splitlines() if path.name in line]) == (0, [])
