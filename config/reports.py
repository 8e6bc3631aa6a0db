"""`reports.yml`: the weights of the board, who gets a digest and when, and which pages may frame a card."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.calendar import DayTime
from config.departments import Address
from config.fields import Strict, matching
from config.jira import Id

SECRETS = (("digests", "*", "to"),)
Kind = Literal["promise", "uninformed", "request", "ozon", "seller", "client", "department"]
Part = Literal["worst", "board", "report", "findings"]
Weight = Annotated[float, Field(ge=0, le=1000)]
Ancestor = Annotated[str, AfterValidator(matching(r"https?://[a-z0-9.*-]+(:\d{1,5})?", "ancestor"))]
KINDS: tuple[Kind, ...] = ("promise", "uninformed", "request", "ozon", "seller", "client", "department")


class Damage(Strict):
    """The damage of a row of the board: weight of its kind × (1 + working hours waited) × `top` for a top seller."""

    weights: dict[Kind, Weight] = Field(default_factory=dict)
    top: Annotated[float, Field(ge=1, le=1000)] = 1

    def weight(self, kind: Kind) -> float:
        """Return the weight of a kind; 1 when the table has none."""
        return self.weights.get(kind, 1)


class DigestConfig(Strict):
    """A digest: sent to an Apprise address at this time of the company's working days."""

    to: Address = None
    at: DayTime = timedelta(hours=9)
    parts: Annotated[tuple[Part, ...], Field(min_length=1)] = ("worst", "board", "report")


class Findings(Strict):
    """Settings of the page of findings; `agents`: whether it names the agents."""

    agents: bool = False


class Card(Strict):
    """Settings of a ticket's card; `ancestors`: the origins of the CRMs whose pages may frame it."""

    ancestors: tuple[Ancestor, ...] = ()


class Reports(Strict):
    """All of `reports.yml`; `address`: of our own pages, for links in messages; None: no links."""

    address: Ancestor | None = None
    damage: Damage = Damage()
    digests: dict[Id, DigestConfig] = Field(default_factory=dict)
    findings: Findings = Findings()
    card: Card = Card()
