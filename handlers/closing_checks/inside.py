"""Checks of escalations of partners' tickets inside WebCRM, to a group of the second line (W-27…W-31).

Customers' chats follow manual E (C-07).
"""

from __future__ import annotations

from collections.abc import Mapping

from config.names import match_key
from config.webcrm import SkillGroup
from events import Message
from handlers.closing_checks.facts import Facts, blank
from handlers.closing_checks.table import Check
from handlers.closings import OURS

_CHOSEN = ("escalation_type", "escalation_subtype")


def is_inside(facts: Facts) -> bool:
    """Return whether the closing escalates a partner's ticket inside WebCRM: no Jira task, no hold."""
    elsewhere = facts.closing.create_jira or facts.closing.hold
    return facts.escalates and is_partners(facts) and not elsewhere


def is_partners(facts: Facts) -> bool:
    """Return whether the ticket is a partner's; if the CRM does not say, whether it has a seller (C-07)."""
    audience = facts.ticket.audience
    return audience == "partner" or (audience is None and facts.ticket.seller.id is not None)


def group_by_topic(facts: Facts) -> SkillGroup | None:
    """Return the group for the ticket's own Тип and Подтип; None if no group or the third line takes them (T-1)."""
    ticket = facts.ticket
    return None if facts.pair is not None else _group_of(facts, ticket.type, ticket.subtype)


def _group_of(facts: Facts, type_text: str | None, subtype: str | None) -> SkillGroup | None:
    """Return the group for a pair; a Тип in `categories.yml` may have any of its names there (C-22)."""
    table, categories = facts.config.webcrm, facts.config.categories
    known = categories.type_id(type_text)
    named = table.group_of(categories.types[known].name, subtype) if known else None
    return table.group_of(type_text, subtype) or named


def reason_of(facts: Facts) -> tuple[str | None, str | None]:
    """Return the Тип and Подтип that were chosen as the reason of the escalation (W-31)."""
    return facts.closing.escalation_type, facts.closing.escalation_subtype


def group_chosen(facts: Facts) -> SkillGroup | None:
    """Return the group that the reason's pair goes to, or that the reason names."""
    named = facts.config.webcrm.group_named(facts.closing.escalation_reason)
    return _group_of(facts, *reason_of(facts)) or named


def lacks_skill(facts: Facts, group: SkillGroup) -> bool:
    """Return whether the agent has none of the skills that allow solving a group's questions without it (W-28)."""
    known = {match_key(skill) for skill in facts.event.agent.skills or ()}
    return bool(group.skills) and known.isdisjoint(map(match_key, group.skills))


def told_partner(facts: Facts) -> bool:
    """Return whether the agent has written to the partner since the ticket was assigned (W-29)."""
    return any(message.public for message in _own(facts))


def explained(facts: Facts) -> bool:
    """Return whether a comment for colleagues follows the message to the partner, in the ticket or the closing."""
    own = _own(facts)
    first = next((n for n, message in enumerate(own) if message.public), len(own))
    return not blank(facts.closing.comment) or any(not message.public for message in own[first:])


def _own(facts: Facts) -> list[Message]:
    """Return what the agent has written since the ticket was assigned, without drafts."""
    since, agent = facts.ticket.assigned_at, facts.event.agent.id
    return [
        message
        for message in facts.messages
        if message.author.role in OURS
        and not message.draft
        and (agent is None or message.author.id in (None, agent))
        and (since is None or message.at is None or message.at >= since)
    ]


def _out_of_order(facts: Facts) -> bool:
    return is_inside(facts) and not (told_partner(facts) and explained(facts))


def _order(facts: Facts) -> Mapping[str, object]:
    early = any(not message.public for message in _own(facts))
    return {"told": told_partner(facts), "explained": explained(facts), "early": early}


def _undecided(facts: Facts) -> bool:
    """Return True for «Не решена» without any next step."""
    step = facts.escalates or facts.has_task or facts.question is not None
    return is_partners(facts) and facts.resolution == "not_solved" and not step


def _second_line_alone(facts: Facts) -> bool:
    group = group_by_topic(facts)
    return group is not None and not group.skills and _undecided(facts)


def _third_line(facts: Facts) -> bool:
    return is_inside(facts) and facts.pair is not None


def _by_skill(facts: Facts) -> bool:
    group = group_by_topic(facts)
    return group is not None and bool(group.skills) and _undecided(facts)


def _no_skill(facts: Facts) -> bool:
    group = group_by_topic(facts)
    return group is not None and lacks_skill(facts, group)


def _not_all_chosen(facts: Facts) -> bool:
    """Return True when the things that go together are not all chosen; the resolution is checked by R-50."""
    if facts.escalates:
        return is_inside(facts) and not (facts.ticket.type and facts.ticket.subtype)
    return is_partners(facts) and not facts.has_task and any(reason_of(facts))


def _no_reason(facts: Facts) -> bool:
    """Return True when no reason is chosen and the topic gives none, or the chosen one goes to no group."""
    if not is_inside(facts) or facts.pair is not None or group_chosen(facts) is not None:
        return False
    return any(reason_of(facts)) or group_by_topic(facts) is None


def _other_reason(facts: Facts) -> bool:
    """Return True when the reason is missing, incomplete, or for another group than the topic's."""
    if not is_inside(facts) or facts.pair is not None:
        return False  # goes to the third line (W-27)
    if facts.event.type == "ticket.closing" and not any(reason_of(facts)) and facts.config.rules.mode("W-31") == "act":
        return False  # the bot will choose
    chosen, by_topic = group_chosen(facts), group_by_topic(facts)
    return not all(reason_of(facts)) or (by_topic is not None and chosen is not by_topic)


def _groups(facts: Facts) -> Mapping[str, object]:
    chosen, by_topic = group_chosen(facts), group_by_topic(facts)
    missing = [name for name in _CHOSEN if blank(getattr(facts.closing, name))]
    known = [group.name for group in facts.config.webcrm.groups.values()]
    names = {"chosen": chosen.name if chosen else "", "by_topic": by_topic.name if by_topic else ""}
    return {**names, "missing": missing, "known": known}


def _line(facts: Facts) -> Mapping[str, object]:
    group = group_by_topic(facts)
    return {"third": facts.pair is not None, "group": group.name if group else ""}


def _skills(facts: Facts) -> Mapping[str, object]:
    group = group_by_topic(facts)
    return {"group": group.name if group else "", "skills": list(group.skills) if group else []}


CHECKS = (
    Check("W-27", _third_line, _second_line_alone, values=_line),
    Check("W-28", _no_skill, when=_by_skill, needs=("agent.skills",), values=_skills),
    Check("W-29", _out_of_order, needs=("ticket.messages",), when=is_inside, values=_order),
    Check("W-30", _not_all_chosen, values=lambda facts: {"ticked": facts.escalates}),
    Check("W-31", _no_reason, _other_reason, values=_groups),
)  # fmt: skip
