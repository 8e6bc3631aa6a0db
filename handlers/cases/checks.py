"""What must not be so in a case, each told once as long as it is so (J-04, J-06, J-22, J-23, J-39, J-40)."""

from __future__ import annotations

from config.names import normalise
from handlers.cases.work import Work

EXCHANGE = ("обмен", "обменять", "обменяли", "поменять", "поменяли")


def check(work: Work) -> None:
    """Tell what is wrong, or what may follow."""
    facts = work.facts
    ours, theirs = facts.get("fault") == "ours", facts.get("fault") == "client"
    ordered, received = facts.get("sku_ordered"), facts.get("sku_received")
    same = bool(ordered and received) and normalise(ordered or "") == normalise(received or "")
    swapped = not set(EXCHANGE).isdisjoint(normalise(facts.get("solution", "")).split())
    courier = theirs and facts.get("city") == "almaty" and facts.get("return_way") == "courier"
    _tell(work, "case_same_articles", "J-22", same and ours)
    _tell(work, "case_no_exchange", "J-23", theirs and swapped)
    _tell(work, "case_no_courier", "J-40", courier)
    _tell(work, "case_may_finish", "J-39", theirs and work.branch in work.kind.branches)
    _show_photos(work)


def _tell(work: Work, name: str, rule: str, so: bool) -> None:  # a condition beside its words
    if not so:
        work.forget(name)
    elif work.once(name):
        work.tell_agent(name, why=rule)


def _show_photos(work: Work) -> None:
    """The issue says where the photos are, since not every CRM tells where its files can be fetched (J-06)."""
    url = work.case.url or work.event.ticket.url or ""
    if "photos" in work.facts and work.crm is not None and work.issue is not None and work.once("photos"):
        text = work.desk.note("case_photos", ticket=work.case.ticket_id, url=url, photos=work.shown("photos"))
        work.say(text, "photos", why="J-06")
