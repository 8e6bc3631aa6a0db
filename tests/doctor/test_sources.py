"""A source of Jira's events that is set up and has never spoken is named."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from store.tables import deliveries
from tests.doctor.asked import found
from tests.web.site import NOWHERE

FORGE = {
    "FORGE_APP_ID": "8db33809-1f32-48bb-8c52-5877dab48107",
    "FORGE_CLOUD_IDS": "main=d0d52620-3203-4cfa-8db5-f2587155f0dd",
    "FORGE_JWKS_URL": f"{NOWHERE}/jwks.json",
}


@pytest.mark.parametrize(
    ("source", "variables"),
    [("automation", {"JIRA_AUTOMATION_TOKENS": "an-invented-automation-token"}), ("forge", FORGE)],
)
def test_a_source_that_is_set_up_and_has_not_spoken_is_named(
    env: sa.Engine, monkeypatch: pytest.MonkeyPatch, source: str, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (silent,) = found("warning")["never_heard"]
    assert source in silent["said"]
    row = {"source": source, "delivery_id": "1", "case_id": "1", "type": "x", "state": "done", "body": "{}"}
    with env.begin() as connection:
        connection.execute(sa.insert(deliveries).values(row | {"received_at": machine_now()}))
    assert "never_heard" not in found("warning")
