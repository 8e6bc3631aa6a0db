"""`access.yml`: the roles of people who sign in by the company's provider (OIDC), and how long a session lasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from config.fields import Duration, Strict, Text, matching

Role = Literal["agent", "lead", "admin"]
ROLES: tuple[Role, ...] = ("agent", "lead", "admin")  # each may do what the ones before it may

Email = Annotated[str, AfterValidator(matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "email")), AfterValidator(str.lower)]


class Sessions(Strict):
    """A session ends after `idle` without a request, and in any case `absolute` after the sign-in."""

    idle: Duration = timedelta(hours=2)
    absolute: Duration = timedelta(hours=12)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.idle > self.absolute:
            raise PydanticCustomError("session_order", "idle is longer than absolute")
        return self


class Access(Strict):
    """All of `access.yml`. `emails` take precedence over the `values` of the `claim` (a text, or a list of texts)."""

    emails: dict[Email, Role] = Field(default_factory=dict)
    claim: Text | None = None
    values: dict[Text, Role] = Field(default_factory=dict)
    sessions: Sessions = Sessions()

    def claimed(self, claims: Mapping[str, object]) -> Any:
        """Return the claim's value; its name may be a path into nested claims, such as `realm_access.roles`."""
        if self.claim is None or self.claim in claims:
            return claims.get(self.claim or "")
        found: Any = claims
        for part in self.claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def role(self, email: str, claimed: object) -> Role | None:
        """Return the role of a person: by e-mail, else the highest of the claim's; None if they have no access."""
        if own := self.emails.get(email.lower()):
            return own
        names = claimed if isinstance(claimed, list | tuple) else [claimed]
        given = {self.values[name] for name in names if isinstance(name, str) and name in self.values}
        return max(given, key=ROLES.index, default=None)
