"""Faults that the next calls meet: what `POST /sandbox/faults` asked for, first in, first out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

System = Literal["jira", "webcrm", "usedesk", "chat"]
ERROR = 400  # statuses below it leave the real answer as it is, unless a body or a location replaces it


@dataclass
class InjectedFault:
    """One fault for the next `times` calls that match.

    `match` is `METHOD /exact/path` (a trailing `*` = prefix). `status` 0 breaks the connection; below 400, or None,
    the call is answered as usual after the delay. `delay` is seconds; with `after_effect` the work is done first.
    With a `body`, which is sent as HTML as it is, or a `location` any status replaces the real answer.
    """

    system: System
    match: str
    times: int = 1
    status: int | None = None
    retry_after: float | None = None
    reason: str | None = None
    after_effect: bool = False
    delay: float = 0
    body: str | None = None
    location: str | None = None

    @classmethod
    def read(cls, body: Any) -> InjectedFault:
        """Read a request's body; raise ValueError (unknown system) or TypeError (unknown or missing key) for a bad one.

        A fault that names neither a status nor a delay is a 500.
        """
        fault = cls(**body)
        if fault.system not in get_args(System):
            raise ValueError(f"system: one of {', '.join(get_args(System))}")
        if len(fault.match.split(" ")) != len(("method", "path")):
            raise ValueError("match: METHOD /path")
        if fault.status is None and not fault.delay:
            fault.status = 500
        return fault

    def meets(self, system: str | None, method: str, path: str) -> bool:
        """True when this call is one that the fault is for."""
        wanted_method, wanted = self.match.split(" ")
        if system != self.system or method != wanted_method.upper():
            return False
        return path.startswith(wanted[:-1]) if wanted.endswith("*") else path == wanted

    @property
    def breaks(self) -> bool:
        """True when the connection is to be cut without an answer."""
        return self.status == 0

    @property
    def answers(self) -> bool:
        """True when the fault's own answer (or silence) replaces the real one."""
        replaced = self.body is not None or self.location is not None
        return self.status is not None and (self.breaks or replaced or self.status >= ERROR)


class Faults:
    """The pending faults in the order in which they came."""

    def __init__(self) -> None:
        """Begin without any."""
        self.pending: list[InjectedFault] = []

    def take(self, system: str | None, method: str, path: str) -> InjectedFault | None:
        """The fault that this call meets, if any; it counts as used once."""
        for fault in self.pending:
            if fault.meets(system, method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The pending ones as JSON, `times` counted down."""
        return [asdict(fault) for fault in self.pending]
