"""`reports.yml`: what weighs how much on the board, who gets a digest and when, and where a card may be framed."""

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
    """Damage of a row of the board: the weight of its kind × (1 + working hours it waits) × `top` for a top seller."""

    weights: dict[Kind, Weight] = Field(default_factory=dict)
    top: Annotated[float, Field(ge=1, le=1000)] = 1

    def weight(self, kind: Kind) -> float:
        """How much a kind weighs; 1 when the table does not say."""
        return self.weights.get(kind, 1)


class DigestConfig(Strict):
    """A digest: to an Apprise address, at a time of the company's clock on its working days."""

    to: Address = None
    at: DayTime = timedelta(hours=9)
    parts: Annotated[tuple[Part, ...], Field(min_length=1)] = ("worst", "board", "report")


class Findings(Strict):
    """`agents`: whether the page of findings names the agents."""

    agents: bool = False


class Card(Strict):
    """`ancestors`: the origins of the CRMs whose pages may frame a ticket's card; none: it is not framed."""

    ancestors: tuple[Ancestor, ...] = ()


class Reports(Strict):
    """All of `reports.yml`; `address`: of our own pages, for links in what is sent; None: no links."""

    address: Ancestor | None = None
    damage: Damage = Damage()
    digests: dict[Id, DigestConfig] = Field(default_factory=dict)
    findings: Findings = Findings()
    card: Card = Card()
