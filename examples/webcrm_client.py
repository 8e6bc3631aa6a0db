"""A client of the neutral WebCRM contract: tells Smezhnik what happened in a CRM, and asks before a closing.

`SMEZHNIK_URL=… WEBCRM_WEBHOOK_SECRETS=whsec_… API_TOKENS=… python -m examples.webcrm_client closing.json`
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

TRIES = 5
TIMEOUT = (3, 10)  # seconds to connect, to read
TAKEN = (200, 202)
REFUSED = {*range(400, 500)} - {408, 429}  # to send the same again helps nothing


class NotTakenError(Exception):
    """An event that was not taken. `again`: nothing is wrong with it; keep it and send it later as it is."""

    def __init__(self, said: str, *, again: bool) -> None:
        super().__init__(said)
        self.again = again


class SmezhnikClient:
    """One Smezhnik: its address, the secret `whsec_…` that both sides know, a token for questions."""

    def __init__(self, url: str, secret: str, token: str = "", wait: Callable[[float], object] = time.sleep) -> None:
        self._url, self._token, self._wait = url.rstrip("/"), token, wait
        self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        self._session = requests.Session()

    def send(self, event: Mapping[str, object]) -> str:
        """Tell of an event: accepted, ignored (nobody wants it), or duplicate (its `id` was taken before).

        The event's `id` (1 to 100 of A-Z a-z 0-9 _ . -) is the delivery's too, so to send it again is always safe.
        Raises NotTakenError.
        """
        body = json.dumps(event, ensure_ascii=False).encode()
        answer = self._post("/webhooks/webcrm", body, lambda: self._signed(str(event["id"]), body))
        return str(answer["status"])

    def check_closing(self, event: Mapping[str, object]) -> dict[str, object]:
        """Ask what a closing would break, before the button; nothing is kept. Raises NotTakenError."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._post("/api/closing-check", json.dumps(event, ensure_ascii=False).encode(), lambda: headers)

    def _signed(self, delivery: str, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks, anew for each try: a signature holds for five minutes."""
        stamp = str(int(time.time()))
        mac = hmac.digest(self._key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256)
        signature = "v1," + base64.b64encode(mac).decode()
        return {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": signature}

    def _post(self, path: str, body: bytes, headers: Callable[[], Mapping[str, str]]) -> dict[str, object]:
        said, pause = "", "0"
        for tried in range(TRIES):
            self._wait(float(pause))
            pause = str(2**tried)  # seconds, where the answer asks for no other pause
            try:
                sent = {"Content-Type": "application/json", **headers()}
                answer = self._session.post(
                    self._url + path, body, headers=sent, timeout=TIMEOUT, allow_redirects=False
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                said = type(error).__name__
                continue
            if answer.status_code in TAKEN:
                return dict(answer.json())
            said = f"{answer.status_code}: {_fault(answer)}"
            if answer.status_code in REFUSED:
                raise NotTakenError(said, again=False)
            asked = answer.headers.get("Retry-After", "")  # 503: the store is away for the moment
            pause = asked if asked.isdecimal() else pause
        raise NotTakenError(f"{TRIES} tries, the last one: {said}", again=True)


def _fault(answer: requests.Response) -> str:
    """What is wrong and what to send instead, as Smezhnik says it: `$.ticket.id is missing; send …`."""
    try:
        fault = answer.json()["error"]
        place = f"{fault['path']} " if "path" in fault else ""
        return f"{place}{fault['problem']}; {fault['fix']}"
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def main(names: list[str]) -> int:
    """Send the event in each file; status 1 when one was not taken."""
    env, secret = os.environ, os.environ["WEBCRM_WEBHOOK_SECRETS"].split(",")[0]
    client = SmezhnikClient(env.get("SMEZHNIK_URL", "http://127.0.0.1:8080"), secret, env.get("API_TOKENS", ""))
    status = 0
    for name in names:
        try:
            said = client.send(json.loads(Path(name).read_bytes()))
        except NotTakenError as error:
            said, status = str(error), 1
        sys.stdout.write(f"{name}: {said}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
