"""Rules as the page of rules shows them: by the steps of the guide, each with its mode and what it would have done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.rules import Rules
from desk.clock import machine_now
from store import browse, switches
from store.rows import SwitchRow
from web.parts import Parts, crms
from web.rule_titles import TitledGroup, offer_of, rule_titles, title_of
from web.shown import view_of
from web.times import ShownMoment
from web.words import word

LOOKED_BACK = timedelta(days=30)
MOST = 1000  # counting stops there
_LOOKS_LIKE = str.maketrans("ВРЕвре", "WREwre")  # «В-40» is typed for W-40, and so on
_NOT_IN_A_NUMBER = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class RuleSwitch:
    """A rule on the page; `file_mode` is what the files say, `switched` when and by whom it was switched."""

    id: str
    title: str
    chapter: str
    quote: str
    source: str
    mode: str
    file_mode: str
    switched: tuple[ShownMoment, str] | None
    fired: int | None
    built: bool
    begins: str | None  # the first day of a rule that is off until then
    by_hand: str | None  # what the bot offers, where only a person can obey
    missing: list[str]  # the CRMs of which it needs one, where there is none
    others: list[str]  # the rules that are switched with it

    def says(self, wanted: str) -> bool:
        """Whether the number, the title or the manual's words have what is looked for."""
        texts = f"{self.title}\n{self.quote}".casefold()
        return wanted.casefold() in texts or _number(wanted) in _number(self.id)


@dataclass(frozen=True)
class RuleGroup:
    """A part of the page; `mode` is that of all its rules, None where they differ."""

    id: str
    name: str
    mode: str | None
    rows: Sequence[RuleSwitch]


def groups(rows: Sequence[RuleSwitch], mode: str, wanted: str) -> list[RuleGroup]:
    """The parts with those of their rules that are in this mode and are looked for (empty: all); none is empty."""
    known = {row.id: row for row in rows if row.built}
    shown = [_group(group, known, mode, wanted) for group in rule_titles().groups]
    return [group for group in shown if group.rows]


def _group(group: TitledGroup, known: dict[str, RuleSwitch], mode: str, wanted: str) -> RuleGroup:
    all_rows = [known[name] for name in group.rules if name in known]
    modes = {row.mode for row in all_rows}
    rows = [row for row in all_rows if mode in ("", row.mode) and row.says(wanted)]
    return RuleGroup(group.id, group.name.said, modes.pop() if len(modes) == 1 else None, rows)


def rows_of(parts: Parts, only: str | None = None) -> list[RuleSwitch]:
    """All rules, or one, as they are switched now."""
    files = parts.process.reloader.current().rules
    view, today = view_of(parts), parts.process.reloader.current().calendar.day_of(parts.process.clock.now())
    known = {name: rule for name, rule in files.rules.items() if only in (None, name)}
    with parts.process.engine.connect() as connection:
        turned = switches.switched(connection)
        modes = {name: _mode(files, name, turned.get(name)) for name in known}
        watched = [name for name, mode in modes.items() if mode == "observe" and known[name].built]
        fired = browse.observed_counts(connection, watched, machine_now() - LOOKED_BACK, MOST)
    return [
        RuleSwitch(
            id=name,
            title=title_of(name),
            chapter=word("chapters", name[0]),
            quote=rule.said,
            source=rule.source,
            mode=modes[name],
            file_mode=files.mode(name),
            switched=(view.moment(turned[name].set_at), turned[name].set_by) if name in turned else None,
            fired=fired.get(name),
            built=rule.built,
            begins=f"{rule.effective_from:%d.%m.%Y}" if rule.effective_from and rule.is_ahead(today) else None,
            by_hand=offer_of(name, rule.by_hand),
            missing=[] if rule.applies(crms(parts)) else [word("sources", crm) for crm in rule.needs],
            others=[other for other in files.with_others(name) if other != name],
        )
        for name, rule in known.items()
    ]


def _mode(files: Rules, name: str, turned: SwitchRow | None) -> str:
    return turned.value if turned is not None and files.rules[name].built else str(files.mode(name))


def _number(text: str) -> str:
    return _NOT_IN_A_NUMBER.sub("", text.translate(_LOOKS_LIKE)).casefold()
