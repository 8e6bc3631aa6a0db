"""`/openapi.json` describes the two checks: each example is sent, and answered as the document says."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from receivers.openapi import document
from tests.web.site import TOKEN, Site

CHECKS = ("/api/closing-check", "/api/escalation-check")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def fits(schema: dict[str, Any], value: object) -> None:
    """Check a value against a schema of the document."""
    Draft202012Validator({**document(), **schema}).validate(value)


@pytest.mark.rule("R-53")
@pytest.mark.parametrize("path", CHECKS)
def test_an_example_is_answered_as_the_document_says(site: Site, path: str) -> None:
    described = document()["paths"][path]["post"]
    asked = described["requestBody"]["content"]["application/json"]
    told = described["responses"]["200"]["content"]["application/json"]
    fits(asked["schema"], asked["example"])
    answer = site.client.post(path, json=asked["example"], headers=BEARER)
    assert answer.status_code == 200
    assert answer.json == told["example"]
    fits(told["schema"], answer.json)


@pytest.mark.parametrize("path", CHECKS)
def test_refusals_are_described_too(site: Site, path: str) -> None:
    described = document()["paths"][path]["post"]["responses"]
    refused: list[tuple[dict[str, str], str]] = [({}, "401"), (BEARER, "400")]
    for headers, status in refused:
        answer = site.client.post(path, json={"id": ""}, headers=headers)
        assert str(answer.status_code) == status
        fits(described[status]["content"]["application/json"]["schema"], answer.json)


def test_without_webcrm_there_are_no_checks() -> None:
    assert [path for path in document(["usedesk"])["paths"] if path.startswith("/api/")] == []
