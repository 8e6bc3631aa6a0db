"""The bot's actions in Jira: issues, components, holds, requests, comments, each in a class of its own."""

from __future__ import annotations

from desk.context import DeskContext
from desk.jira.cases import JiraCases
from desk.jira.comments import JiraComments
from desk.jira.components import JiraComponents
from desk.jira.groups import Groups
from desk.jira.holds import JiraHolds
from desk.jira.issues import JiraIssues
from desk.jira.links import JiraLinks
from desk.jira.moves import JiraMoves
from desk.jira.photos import JiraPhotos
from desk.jira.reading import JiraReading
from desk.jira.relations import JiraRelations
from desk.jira.requests import JiraRequests
from desk.jira.strays import Strays


class JiraDesk:
    """All parts that act in Jira. The `why` of an action is its rule."""

    def __init__(self, context: DeskContext) -> None:
        groups = Groups(context)
        self.reading = JiraReading(context)
        self.links = JiraLinks(context, self.reading)
        self.comments = JiraComments(context)
        self.relations = JiraRelations(context)
        self.moves = JiraMoves(context)
        self.issues = JiraIssues(context, self.reading, self.links, groups)
        self.components = JiraComponents(context, groups, self.comments)
        self.holds = JiraHolds(context, self.reading, self.links, self.issues, self.comments)
        self.requests = JiraRequests(context, self.reading, self.comments)
        self.cases = JiraCases(context, self.issues, self.comments)
        self.photos = JiraPhotos(context)
        self.strays = Strays(context, self.reading, self.comments)
