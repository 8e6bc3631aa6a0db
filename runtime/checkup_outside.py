"""What `flask doctor` asks itself: does the public address lead to this very bot?"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from http import HTTPStatus

import requests

from config import Config
from desk.faults import Trouble, classify
from desk.symptoms import Symptom, fault, good
from runtime import ping
from runtime.process import Process


def seen_from_outside(process: Process, config: Config) -> Iterator[Symptom]:
    """Send a signed ping to `PUBLIC_URL`, if it is set, and yield one symptom: only this bot knows the answer."""
    settings = process.settings
    if settings.public_url is None:
        return
    nonce = secrets.token_hex(16).encode()
    headers = {ping.HEADER: ping.signature(nonce, settings.secret_key), "Content-Type": "text/plain"}
    session = process.factory.session(config)
    try:
        answer = session.post(f"{settings.public_url}{ping.PATH}", data=nonce, headers=headers)
    except requests.RequestException as error:
        yield _silent(classify(error), settings.public_url)
        return
    if answer.text == ping.expected(nonce, settings.secret_key):
        yield good("outside_reached", url=settings.public_url)
    else:
        yield _wrong(answer, settings.public_url)


def _silent(trouble: Trouble, url: str) -> Symptom:
    if trouble.moved_to:
        return fault("outside_redirects", url=url, host=trouble.moved_to)
    return fault("outside_silent", url=url, reason=trouble.reason)


def _wrong(answer: requests.Response, url: str) -> Symptom:
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return fault("outside_another_bot", url=url)
    return fault("outside_other", url=url, status=answer.status_code)
