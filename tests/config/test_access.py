"""`access.yml`: who becomes what."""

from __future__ import annotations

import pytest

from config.access import Access
from config.config import Config
from config.loader import load
from tests.config.test_golden import SHIPPED

TABLE = Access.model_validate(
    {
        "emails": {"Anna@Example.com": "agent"},
        "claim": "groups",
        "values": {"support": "agent", "leads": "lead", "it": "admin"},
    }
)


@pytest.mark.parametrize(
    ("email", "claimed", "role"),
    [
        ("anna@example.com", ["it"], "agent"),  # by name goes before by group
        ("ANNA@example.com", None, "agent"),
        ("boris@example.com", ["support", "leads"], "lead"),
        ("boris@example.com", "it", "admin"),
        ("boris@example.com", ["other"], None),
        ("boris@example.com", [["it"], {"it": 1}, 7, None], None),
        ("boris@example.com", {"it": True}, None),
        ("boris@example.com", None, None),
    ],
)
def test_who_becomes_what(email: str, claimed: object, role: str | None) -> None:
    assert TABLE.role(email, claimed) == role


def test_nobody_comes_in_as_shipped() -> None:
    assert Access().role("anna@example.com", ["admin"]) is None


def test_people_are_no_part_of_a_version(env: dict[str, str]) -> None:
    shipped = load(SHIPPED, env)
    other = shipped.model_copy(update={"access": TABLE})
    other.__dict__.pop("version", None)
    assert other.version == shipped.version
    assert "example.com" not in other.dump()
    assert Config.restore(other.dump(), env).access == Access()


def test_a_switched_rule_makes_another_version(env: dict[str, str]) -> None:
    shipped = load(SHIPPED, env)
    assert shipped.version  # computed before the copy is made
    switched = shipped.switched({"W-57": "off", "W-18": "act", "Z-99": "act"})
    assert (switched.rules.mode("W-57"), switched.rules.mode("W-18")) == ("off", "off")
    assert switched.version != shipped.version
    assert shipped.rules.mode("W-57") == "observe"
    assert Config.restore(switched.dump(), env).rules.mode("W-57") == "off"
    assert shipped.switched({"W-18": "act"}) is shipped
