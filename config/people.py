"""`people.yml`: the names behind the ids of agents, and the same people's other accounts."""

from __future__ import annotations

from pydantic import Field

from config.access import Email
from config.fields import Strict, Text


class PersonRow(Strict):
    """An agent of a CRM; `jira`: the account in Jira, `department`: an id or a name from `departments.yml`."""

    name: Text
    jira: Text | None = None
    email: Email | None = None
    department: Text | None = None


class People(Strict):
    """All of `people.yml`, by the agent's id in the CRM: `a17`, or `usedesk:17` where two CRMs have the same one."""

    people: dict[Text, PersonRow] = Field(default_factory=dict)

    def find(self, agent: str) -> PersonRow | None:
        """Find a person by an agent id, with its CRM (`webcrm:a17`) or without, or by a Jira account; else None.

        `jira:` may stand before the account.
        """
        bare, account = agent.partition(":")[2], agent.removeprefix("jira:")
        known = self.people.get(agent) or self.people.get(bare)
        return known or next((row for row in self.people.values() if row.jira == account), None)

    def agent(self, source: str, text: str) -> str:
        """Return the id in a CRM of whoever has this name; the text itself when nobody has, or several have."""
        known = {
            key.removeprefix(f"{source}:")
            for key, row in self.people.items()
            if row.name.casefold() == text.casefold() and (":" not in key or key.startswith(f"{source}:"))
        }
        return known.pop() if len(known) == 1 else text

    def name(self, agent: str) -> str:
        """Return an agent's name; the id without its CRM when the table has no name."""
        known = self.find(agent)
        source, colon, bare = agent.partition(":")
        plain = bare if colon and source in ("webcrm", "usedesk", "jira") else agent
        return known.name if known else plain
