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
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from config.settings import Settings
from tests.bot import environment
from tests.databases import Sqlite
from tests.web.site import NOWHERE, Site

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
_LINES = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
PROCFILE = {name: shlex.split(command) for name, _, command in (line.partition(": ") for line in _LINES)}
_CHOSEN = re.compile(r"(smezhnik_[a-z_]+)(?:\{([^}]*)\})?")  # a number and the labels that it has to have
_LABEL = re.compile(r'(\w+)="([^"]*)"')


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


def test_the_image_installs_what_make_run_does_on_a_python_that_is_promised() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    rule = re.search(r"^\.venv/run: (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert rule
    assert re.findall(r"pip install .*--require-hashes -r /(\S+)", text) == [rule[1]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = set(re.findall(r"^FROM python:([\d.]+)-slim", text, re.MULTILINE))
    assert len(pythons) == 1
    assert {f"Programming Language :: Python :: {version}" for version in pythons} <= set(project["classifiers"])


def test_compose_names_only_what_there_is() -> None:
    text = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    whole = yaml.safe_load(text)
    services = whole["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert volumes <= set(whole["volumes"])
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert used == set(whole["volumes"])
    build = compose()["web"]["build"]
    assert ((DEPLOY / build["context"]).resolve(), (ROOT / build["dockerfile"]).is_file()) == (ROOT, True)
    assert set(re.findall(r"\$\{(\w+)", text)) <= set(re.findall(r"[A-Z_]{4,}", text.partition("name:")[0]))


def test_every_variable_that_is_set_is_one_of_the_bot() -> None:
    known = {name.upper() for name in Settings.model_fields}
    image = set(re.findall(r"(\w+)=", dockerfile()["ENV"])) - {"PATH"}
    for name in {*(name for name in image if not name.startswith("PYTHON")), *kubernetes_env(), *compose_env()}:
        assert name in known
    for text in units().values():
        assert {"PATH", "DATA_DIR", "PORT"} == set(re.findall(r"(?:^Environment=| )([A-Z_]+)=", text, re.MULTILINE))


def kubernetes_env() -> set[str]:
    return {given["name"] for pod in pods().values() for given in pod["containers"][0].get("env", ())}


def compose_env() -> set[str]:
    return {name for service in compose().values() for name in service["environment"]}


def watched(name: str) -> list[tuple[str, str]]:
    """Each expression of the rules or of the dashboard, and the text that is filled in with its labels."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    if name == "grafana.json":
        targets = [target for panel in json.loads(text)["panels"] for target in panel["targets"]]
        return [(target["expr"], target["legendFormat"]) for target in targets]
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    return [(rule["expr"], rule["annotations"]["summary"]) for rule in rules]


def measured(site: Site) -> dict[str, list[dict[str, str]]]:
    """The labels of each number that is served, by its name."""
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(site.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_kubernetes_names_only_what_there_is(site: Site) -> None:
    parts = [part for path in DEPLOY.glob("kubernetes/*.yml") for part in yaml.safe_load_all(path.read_text("utf-8"))]
    deployments = [part["spec"] for part in parts if part["kind"] == "Deployment"]
    for spec in deployments:
        labels, pod = spec["template"]["metadata"]["labels"], spec["template"]["spec"]
        assert spec["selector"]["matchLabels"] == labels
        mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
        assert pod["securityContext"]["runAsUser"] == int(dockerfile()["USER"])
    (service,) = (part["spec"] for part in parts if part["kind"] == "Service")
    assert [spec["template"]["metadata"]["labels"]["process"] for spec in deployments].count("web") == 1
    web = pods()["web"]["containers"][0]
    assert service["selector"] == {"app": "smezhnik", "process": "web"}
    listened = {int(given["value"]) for given in web["env"] if given["name"] == "PORT"}
    probes = [web["readinessProbe"]["httpGet"], web["livenessProbe"]["httpGet"]]
    asked = {service["ports"][0]["targetPort"], web["ports"][0]["containerPort"], *(probe["port"] for probe in probes)}
    assert asked == listened
    assert [site.client.get(probe["path"]).status_code for probe in probes] == [200, 200]


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_what_is_watched_is_measured(name: str, site: Site) -> None:
    site.client.post("/webhooks/jira", data=b"{}")  # what is counted has no number before the first
    served = measured(site)
    assert watched(name)
    for expression, shown in watched(name):
        chosen = [(of, dict(_LABEL.findall(labels))) for of, labels in _CHOSEN.findall(expression)]
        for of, labels in chosen:
            assert any(labels.items() <= sample.items() for sample in served.get(of, [])), expression
        named = {word for words in re.findall(r"by \(([^)]*)\)", expression) for word in words.split(", ")}
        named |= set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", shown))
        assert named <= {label for of, _ in chosen for sample in served[of] for label in sample}, shown


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
