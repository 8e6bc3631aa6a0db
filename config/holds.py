"""`holds.yml`: where tickets on hold go in Jira, and how long they may wait (W-66…W-78)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from config.fields import Duration, Strict, Text, matching
from config.jira import ProjectKey
from config.names import match_key

_ACCOUNT = r"^(?!qm:)[A-Za-z0-9:_.-]{1,255}$"  # `qm:…` are customers, who cannot be assigned anything


AccountId = Annotated[
    str, AfterValidator(matching(_ACCOUNT, "account_id")), WithJsonSchema({"type": "string", "pattern": _ACCOUNT})
]


class Due(Strict):
    """How long a hold waits until somebody is reminded, by whom it waits for."""

    ozon: Duration
    seller: Duration
    client: Duration


class HoldTransitions(Strict):
    """Jira statuses into which moving an issue asks for a hold; None: there is no such status."""

    ozon: Text | None = None
    seller: Text | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.ozon and self.seller and match_key(self.ozon) == match_key(self.seller):
            raise PydanticCustomError("transitions_same", "one status for both", {"status": self.seller})
        return self


class Holds(Strict):
    """All of `holds.yml`.

    `project` is where holds go for tickets whose type has no project of its own; `clock_tolerance` is how far the
    clocks of WebCRM and Jira may differ (W-77); `agents` has the Jira accounts of CRM agents (W-68, W-75);
    `link_type` is the type of the link to the task that the hold waits for (W-53).
    """

    project: ProjectKey
    due: Due
    clock_tolerance: Duration
    agents: dict[Text, AccountId] = Field(default_factory=dict)
    unassign_in_queue: bool = False
    link_type: Text = "Relates"
    transitions: HoldTransitions = HoldTransitions()
