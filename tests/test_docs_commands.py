"""What the pages tell people to type: each command, option, target and address is there, and the sandbox's page works.

`tests/test_backup.py` runs what the page on restoring says.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from flask import Flask
from werkzeug.serving import make_server

import benchmarks.__main__
import cli
from desk.clock import machine_now
from sandbox.live import QuietHandler
from tests.bot import Bot
from tests.web.site import Site, own_logs

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in PAGES if path.name != "CHANGELOG.md"}
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
NUMBER = "23814352"


def typed(pattern: str) -> list[tuple[str, str]]:
    """What follows a pattern in the code of each page, up to the end of the command; with the page's name."""
    code = {page: FENCE.findall(text) + SPAN.findall(FENCE.sub("", text)) for page, text in TEXTS.items()}
    found = re.compile(pattern + r"([^\n|#;<>&)']*)")
    return [(page, words.strip()) for page, pieces in code.items() for one in pieces for words in found.findall(one)]


def commands() -> dict[str, click.Command]:
    """Every command by its words."""
    app = Flask("smezhnik")
    cli.register(app, None)
    found: dict[str, click.Command] = {}
    for name, command in app.cli.commands.items():
        inner = command.commands if isinstance(command, click.Group) else {}
        found |= {name: command} | {f"{name} {part}": one for part, one in inner.items()}
    return found


def test_every_command_of_the_pages_is_there_with_its_options() -> None:
    known, wrong = commands(), []
    told = [(page, words) for page, words in typed("flask --app app ") if re.match("[a-z]", words)]
    assert len(told) > 40
    for page, words in told:
        first, *others = words.split()
        group = isinstance(known.get(first), click.Group)
        name = f"{first} {others[0]}" if group and others else first
        options = {option for one in getattr(known.get(name), "params", ()) for option in one.opts}
        if name not in known or not {word for word in others if word.startswith("--")} <= options:
            wrong.append((page, words))
    assert wrong == []


def test_every_target_and_module_of_the_pages_is_there() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made = {words.split()[0] for _, words in typed(r"(?<!cannot )\bmake ") if words}
    assert {"run", "demo", "test"} <= made <= targets
    modules = [words.split() for _, words in typed(r"\bpython3? -m ")]
    assert [name for name, *_ in modules if find_spec(name) is None] == []
    measured = {words[1] for words in modules if words[0] == "benchmarks" and len(words) > 1}
    assert measured - {"NAME"} <= set(benchmarks.__main__.ALL)


def test_the_guide_says_how_many_rules_the_bot_can_do() -> None:
    table = (ROOT / "config" / "rules.yml").read_text(encoding="utf-8")
    count = len(re.findall(r"^    built: true", table, re.MULTILINE))
    assert f"правил умеет бот: {count}," in TEXTS["guide-admin.ru.md"]


@pytest.fixture
def ports(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The ports of `make run`, and those of the bot and of the sandbox here."""
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    with own_logs():
        site = Site(bot.env)
        server = make_server("127.0.0.1", 0, site.app, threaded=True, request_handler=QuietHandler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield {"8080": str(server.port), "8090": bot.sandbox.url.rpartition(":")[2]}
        server.shutdown()
        thread.join()
        server.server_close()
        site.engine.dispose()


def test_the_sandbox_s_page_works_as_written(bot: Bot, ports: dict[str, str], tmp_path: Path) -> None:
    for program in ("bash", "curl", "openssl"):
        if not shutil.which(program):
            pytest.skip(f"no {program} is installed here")

    def said(block: str) -> str:
        script = re.sub(r"127\.0\.0\.1:(8080|8090)", lambda one: f"127.0.0.1:{ports[one[1]]}", block)
        script = script.replace("$(date +%s)", str(int(machine_now().timestamp())))  # the suite may move the clock
        command = ["bash", "-euo", "pipefail", "-c", script.replace("curl ", "curl -sSf ")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, (block, done.stderr)
        return done.stdout

    event, signed, escalation, closing, fault, clock, client = FENCE.findall(TEXTS["sandbox.md"])
    assert json.loads(said(event).splitlines()[-1])["status"] == "waiting"
    bot.work()
    assert json.loads(said(signed)) == {"status": "accepted"}
    bot.work()
    (issue,) = bot.sandbox.issues()
    assert f"webcrm-{NUMBER}" in issue["fields"]["labels"]
    assert json.loads(said(escalation))["decision"] == "escalate"
    assert json.loads(said(closing))["violations"] == []
    assert json.loads(said(fault))[0]["after_effect"] is True
    assert json.loads(said(clock))["offset_seconds"] > 24 * 3600
    _, python = client.split("\n", 1)
    assert issue["key"] in said(python.replace("/tmp/clients/bin/python", sys.executable))  # noqa: S108
