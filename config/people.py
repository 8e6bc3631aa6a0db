"""`people.yml`: what the ids of agents are called, and where else the same person is known."""

from __future__ import annotations

from pydantic import Field

from config.access import Email
from config.fields import Strict, Text


class PersonRow(Strict):
    """An agent of a CRM; `jira`: the account in Jira, `department`: an id or a name of `departments.yml`."""

    name: Text
    jira: Text | None = None
    email: Email | None = None
    department: Text | None = None


class People(Strict):
    """All of `people.yml`, by the id that the CRM gives an agent: `a17`, or `usedesk:17` where two CRMs share one."""

    people: dict[Text, PersonRow] = Field(default_factory=dict)

    def find(self, agent: str) -> PersonRow | None:
        """Whose an id is, with its CRM (`webcrm:a17`) or without, or a Jira account; None: not in the table."""
        bare = agent.partition(":")[2]
        known = self.people.get(agent) or self.people.get(bare)
        return known or next((row for row in self.people.values() if row.jira == agent), None)

    def name(self, agent: str) -> str:
        """What people call an agent; the id without its CRM where nobody wrote the name down."""
        known = self.find(agent)
        source, colon, bare = agent.partition(":")
        plain = bare if colon and source in ("webcrm", "usedesk", "jira") else agent
        return known.name if known else plain
