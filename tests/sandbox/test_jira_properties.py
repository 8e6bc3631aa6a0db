"""Entity properties of issues and comments."""

from __future__ import annotations

import pytest

from .conftest import Jira, doc


@pytest.mark.parametrize("of", ["issue", "comment"])
def test_a_property_is_set_read_and_removed(jira: Jira, of: str) -> None:
    key = jira.create()["key"]
    comment = jira.take("POST", f"/rest/api/3/issue/{key}/comment", {"body": doc("x")})["id"]
    base = f"/rest/api/3/{of}/{key if of == 'issue' else comment}/properties"
    assert jira("PUT", f"{base}/smezhnik", {"a": 1}).status_code == 201
    assert jira("PUT", f"{base}/smezhnik", {"a": 2}).status_code == 200
    assert jira.take("GET", f"{base}/smezhnik") == {"key": "smezhnik", "value": {"a": 2}}
    assert [one["key"] for one in jira.take("GET", base)["keys"]] == ["smezhnik"]
    assert jira("DELETE", f"{base}/smezhnik").status_code == 204
    for method in ("GET", "DELETE"):
        assert jira(method, f"{base}/smezhnik").status_code == 404


def test_wrong_properties_are_refused(jira: Jira) -> None:
    base = f"/rest/api/3/issue/{jira.create()['key']}/properties"
    assert jira("PUT", f"{base}/{'x' * 256}", 1).status_code == 400
    assert jira("PUT", f"{base}/a", "x" * 32_768).status_code == 400
    assert jira("PUT", f"{base}/a").status_code == 415
    assert jira("GET", "/rest/api/3/comment/1/properties").status_code == 404
