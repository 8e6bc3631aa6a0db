"""The figures of days against naive Python, the board's order against a sort, and their indexes; on both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import board, rollups
from store.facts import Fact, Narrow, Span, listed
from store.tables import deliveries, holds, ledger
from store.tables.reports import EDGES, report_days, report_rows
from store.tables.requests import promises, reminders
from store.tables.requests import requests as table

ZONE = ZoneInfo("Europe/Moscow")
START = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAST = 2  # the escalation policy has three steps
DEPARTMENTS, AGENTS, TOPICS = ("service", "product"), (None, "7", "8"), (None, "Возврат")

one = st.fixed_dictionaries(
    {
        "asked": st.integers(0, 10 * 24 * 60),  # minutes after the start
        "took": st.none() | st.integers(0, 6 * 24 * 60),
        "steps": st.integers(0, 4),
        "withdrawn": st.booleans(),
        "crossed": st.booleans(),
        "required": st.sampled_from((True, True, True, False)),
        "department": st.sampled_from(DEPARTMENTS),
        "agent": st.sampled_from(AGENTS),
        "topic": st.sampled_from(TOPICS),
    }
)


def fill(engine: sa.Engine, cases: Sequence[Mapping[str, Any]]) -> None:
    """Make requests, their reminders every 24 hours, and their ends."""
    with engine.begin() as connection:
        for name in ("reminders", "requests", "report_rows", "report_months", "report_hours", "report_days"):
            connection.execute(sa.delete(table.metadata.tables[name]))
        rows: list[dict[str, Any]] = []
        told_rows: list[dict[str, Any]] = []
        for number, case in enumerate(cases, start=1):
            since = START + timedelta(minutes=case["asked"])
            ended = None if case["took"] is None else since + timedelta(minutes=case["took"])
            answered = ended if not case["withdrawn"] else None
            row = {
                "id": number, "source": "usedesk", "ticket_id": str(number), "department": case["department"],
                "number": 1, "origin": "usedesk", "text": "?", "answer_required": case["required"],
                "owner_id": case["agent"], "topic": case["topic"], "since": since, "opened_by": "x",
                "step": case["steps"], "closed_at": ended, "answered_at": answered,
                "state": "open" if ended is None else "answered" if answered else "withdrawn",
            }  # fmt: skip
            rows.append(row)
            for step in range(case["steps"]):
                at = since + (step + 1) * 24 * HOUR
                outcome = "crossed" if case["crossed"] and step == case["steps"] - 1 else "sent"
                sent = {"request": number, "step": step, "due_at": at, "sent_at": at, "late": False}
                for told in ("department", "agent"):
                    told_rows.append(sent | {"told": told, "outcome": outcome})
        if rows:
            connection.execute(sa.insert(table), rows)
        if told_rows:
            connection.execute(sa.insert(reminders), told_rows)


def naive(cases: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str, date, str]]:
    """The same figures, written down without any SQL."""
    found: Counter[tuple[str, str, date, str]] = Counter()

    def note(case: Mapping[str, Any], at: datetime, name: str) -> None:
        if case["required"]:
            day = at.astimezone(ZONE).date()
            agent = f"usedesk:{case['agent'] or ''}"
            for place in (("all", ""), ("department", case["department"]), ("agent", agent)):
                found[(*place, day, name)] += 1
            found[("topic", case["topic"] or "", day, name)] += 1

    for case in cases:
        since = START + timedelta(minutes=case["asked"])
        ended = None if case["took"] is None else since + timedelta(minutes=case["took"])
        note(case, since, "asked")
        if ended and not case["withdrawn"]:
            note(case, ended, f"answered_{min(case['steps'], 3)}")
            note(case, ended, f"h{sum(case['took'] / 60 > edge for edge in EDGES)}")
        for step in range(case["steps"]):
            if case["crossed"] and step == case["steps"] - 1:
                continue
            at = since + (step + 1) * 24 * HOUR
            note(case, at, f"sent_{min(step + 1, 3)}")
            if step == LAST and (ended is None or ended >= at + 24 * HOUR):
                note(case, at + 24 * HOUR, "ignored")
    return found


def stored(engine: sa.Engine) -> Counter[tuple[str, str, date, str]]:
    """The roll-ups as they stand."""
    found: Counter[tuple[str, str, date, str]] = Counter()
    with engine.connect() as connection:
        for row in connection.execute(sa.select(report_rows)):
            for name, value in row._asdict().items():
                if name not in ("dimension", "day", "value") and value:
                    found[(row.dimension, row.value, row.day, name)] = value
    return found


def count(engine: sa.Engine, now: datetime = NOW + timedelta(days=20), most: int = 60) -> list[date]:
    """Let the clock count."""
    with engine.connect() as connection:
        days = rollups.due(connection, now, ZONE)[:most]
    for day in days:
        with engine.begin() as connection:
            rollups.count_day(connection, day, now, ZONE, LAST)
    return days


def test_what_is_told_of_late_is_counted_late(engine: sa.Engine) -> None:
    case: dict[str, Any] = {"took": None, "steps": 0, "withdrawn": False, "crossed": False, "required": True}
    case |= {"department": "service", "agent": None, "topic": None}
    fill(engine, [])
    assert count(engine) == [(NOW + timedelta(days=20)).date()]
    with engine.begin() as connection:
        kept = connection.execute(sa.select(report_days)).all()
    fill(engine, [{**case, "asked": 0}])
    with engine.begin() as connection:
        connection.execute(sa.insert(report_days), [row._asdict() for row in kept])
    days = {day for _ in range(4) for day in count(engine, most=10)}
    assert days == {START.astimezone(ZONE).date() + timedelta(days=number) for number in range(31)}
    assert stored(engine)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(one, max_size=12))
def test_the_figures_of_days_are_those_of_naive_python(engine: sa.Engine, cases: list[dict[str, Any]]) -> None:
    fill(engine, cases)
    count(engine)
    assert stored(engine) == naive(cases)
    with engine.connect() as connection:  # every number opens the list behind it
        wide = Span(START - 24 * HOUR, NOW + timedelta(days=20), LAST)
        narrow = Narrow(department="service", agent="usedesk:7")
        mine = [case for case in cases if case["department"] == "service" and case["agent"] == "7"]
        for name, value in Counter(
            {key[3]: value for key, value in _summed(naive(mine)).items() if not key[3].startswith("h")}
        ).items():
            kind, _, step = name.partition("_")
            behind = listed(connection, kind, wide, narrow, step=int(step) if step else None, limit=99)  # type: ignore[arg-type]
            assert len(behind) == value, name
        live = rollups.live(connection, wide, narrow, 1000)
        assert live is not None
        assert len(live) == sum(_summed(naive(mine)).values()) - sum(
            value for key, value in _summed(naive(mine)).items() if key[3].startswith("h")
        )
        assert rollups.live(connection, wide, narrow, 0) is None or not mine or not live


def _summed(found: Counter[tuple[str, str, date, str]]) -> Counter[tuple[str, str, date, str]]:
    summed: Counter[tuple[str, str, date, str]] = Counter()
    for (dimension, _, _, name), value in found.items():
        if dimension == "all":
            summed[("all", "", date.min, name)] += value
    return summed


def test_a_final_day_keeps_its_figures_and_another_does_not(engine: sa.Engine) -> None:
    case: dict[str, Any] = {
        "asked": 60,
        "took": None,
        "steps": 0,
        "withdrawn": False,
        "crossed": False,
        "required": True,
    }
    case |= {"department": "service", "agent": "7", "topic": None}
    fill(engine, [case])
    day = START.astimezone(ZONE).date()
    for late, (hours, expected) in enumerate(((20, 1), (30, 2), (30.5, 2), (32, 4), (24 * 5, 5), (24 * 9, 5)), start=2):
        count(engine, START + hours * HOUR)
        assert stored(engine)[("all", "", day, "asked")] == expected, hours
        with engine.begin() as connection:  # an event that came late
            row = connection.execute(sa.select(table).where(table.c.id == 1)).one()._asdict()
            connection.execute(sa.insert(table).values(**row | {"id": late, "number": late}))


def test_days_are_counted_in_order_without_a_gap(engine: sa.Engine) -> None:
    case = {"asked": 0, "took": 5, "steps": 0, "withdrawn": False, "crossed": False, "required": True}
    fill(engine, [case | {"department": "service", "agent": "7", "topic": None}])
    done = [day for _ in range(4) for day in count(engine, START + 10 * 24 * HOUR, most=4)]
    assert done[:11] == [date(2026, 11, 1) + timedelta(days=number) for number in range(11)]
    assert set(done[11:]) <= {date(2026, 11, 11)}


def test_topics_beyond_the_largest_are_one_row() -> None:
    about: dict[str, Any] = {"department": "d", "agent": "u:1"}
    facts = [Fact("asked", n, NOW, topic=f"t{n:02}", **about) for n in range(70)]
    facts += [Fact("asked", 99, NOW, topic="t69", **about)]
    rows = rollups.count(facts, ZONE).rows
    assert rows[("topic", rollups.OTHER)]["asked"] == 20
    assert rows[("topic", "t69")]["asked"] == 2
    assert sum(row["asked"] for place, row in rows.items() if place[0] == "topic") == 71


WEIGHTS = {
    "promise": 4.0,
    "uninformed": 3.0,
    "request": 2.0,
    "ozon": 2.0,
    "seller": 1.0,
    "client": 1.5,
    "department": 1.0,
}


def scale(now: datetime = NOW) -> board.Scale:
    """Half of the time is working time."""
    return board.Scale(now, WEIGHTS, 3.0, lambda at: (now - at) / 2)


def crowd(engine: sa.Engine, many: int) -> None:
    """Open and ended requests and holds, promises, and what came in."""
    chance = random.Random(7)  # noqa: S311
    asked, held = [], []
    for n in range(1, many + 1):
        since = NOW - timedelta(minutes=chance.randrange(1, 20_000))
        open_ = n % 4 == 0
        about: dict[str, Any] = {"source": "usedesk", "ticket_id": str(n), "since": since, "due_at": since + 24 * HOUR}
        about |= {"top": chance.choice((True, False, None)), "owner_id": f"a{n % 3}"}
        asked.append(
            about
            | {
                "id": n,
                "department": f"d{n % 5}",
                "number": 1,
                "origin": "usedesk",
                "text": "?",
                "answer_required": True,
            }
            | {"state": "open" if open_ else "answered", "opened_by": "x", "topic": f"t{n % 2}"}
            | {"client_informed_at": chance.choice((None, since)), "answered_at": None if open_ else since + HOUR}
            | {"snoozed_until": NOW + HOUR if n % 40 == 0 else None}
        )
        kind = chance.choice(board.HELD)
        held.append(about | {"id": n, "kind": kind, "stage": "waiting", "ended_at": None if open_ else NOW})
    broken = [
        {"request": row["id"], "source": "usedesk", "ticket_id": row["ticket_id"], "text_id": "M-2", "text": "…"}
        | {"state": "broken" if row["id"] % 8 == 0 else "kept", "drafted_at": row["since"]}
        for row in asked
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(table), asked)
        connection.execute(sa.insert(holds), held)
        connection.execute(sa.insert(promises), broken)
        came = {"source": "usedesk", "type": "x", "state": "done", "body": "{}", "received_at": NOW - HOUR}
        rows = [came | {"delivery_id": str(n), "case_id": f"usedesk:{n}"} for n in range(1, many + 1)]
        numbers = connection.execute(sa.insert(deliveries).returning(deliveries.c.id), rows).scalars().all()
        step = {"rule": "U-30", "verb": "v", "n": 1, "mode": "warn", "begun_at": NOW}
        outcomes = ("done", "done", "done", "done", "warned")
        steps = [step | {"delivery": n, "outcome": outcomes[n % 5]} for n in numbers]
        connection.execute(sa.insert(ledger), steps)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


KEYS: dict[str, Callable[[board.Waiting], float]] = {
    "urgent": lambda row: -row.damage,
    "oldest": lambda row: row.since.timestamp(),
    "newest": lambda row: -row.since.timestamp(),
}


def test_the_board_in_pages_is_the_whole_in_its_order(engine: sa.Engine) -> None:
    crowd(engine, 400)
    with engine.connect() as connection:
        for wanted in (
            board.Wanted(),
            board.Wanted(snoozed=True),
            board.Wanted(Narrow(department="d1")),
            board.Wanted(Narrow(agent="usedesk:a1", topic="t1")),
            board.Wanted(kind="seller"),
            board.Wanted(kind="promise"),
            board.Wanted(order="oldest"),
            board.Wanted(order="newest", older=30),
        ):
            whole = board.page(connection, wanted, scale(), limit=1000)
            assert whole.more is None
            paged: list[board.Waiting] = []
            place: Mapping[str, board.BoardCursor] | None = None
            for _ in range(99):
                found = board.page(connection, wanted, scale(), place, limit=7)
                paged += found.rows
                if found.more is None:
                    break
                place = board.read(board.written(found.more))
            assert paged == list(whole.rows)
            assert paged == sorted(paged, key=KEYS[wanted.order])
            assert all(row.since <= NOW - wanted.older * HOUR for row in paged)
            assert sum(board.counts(connection, wanted, NOW).values()) == len(paged)
        ids = {
            row.id
            for row in board.page(connection, board.Wanted(), scale(), limit=1000).rows
            if row.kind in board.ASKED
        }
        rows = connection.execute(sa.select(table).where(table.c.state == "open")).all()
        assert ids == {row.id for row in rows if row.snoozed_until is None and (row.due_at <= NOW or row.id % 8 == 0)}
        assert board.last_touches(connection, ["usedesk:1", "usedesk:none"]) == {"usedesk:1": NOW - HOUR}


def test_nonsense_is_no_place() -> None:
    assert board.read("~x~request~request.1~request.a.b~nobody.1.1~request!.5.6") == {
        "request!": board.BoardCursor(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=5), 6)
    }


def test_each_question_of_the_reports_uses_an_index(engine: sa.Engine) -> None:
    crowd(engine, 2000)
    count(engine, NOW)
    span, day = Span(NOW - 10 * HOUR, NOW - 8 * HOUR, LAST), NOW.date()
    questions = {
        "board": lambda c: board.page(c, board.Wanted(), scale()),
        "counts": lambda c: board.counts(c, board.Wanted(), NOW),
        "touch": lambda c: board.last_touches(c, ["usedesk:7"]),
        "asked": lambda c: listed(c, "asked", span, Narrow(), limit=10),
        "answered": lambda c: listed(c, "answered", span, Narrow(), limit=10),
        "sent": lambda c: listed(c, "sent", span, Narrow(), limit=10),
        "ignored": lambda c: listed(c, "ignored", span, Narrow(), limit=10),
        "days": lambda c: rollups.by_day(c, day, day, ("agent", "usedesk:a1")),
        "values": lambda c: rollups.by_value(c, day, day, "topic"),
        "hours": lambda c: rollups.by_hour(c, day, day, ("all", "")),
    }
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for name, question in questions.items():
        asked: list[tuple[str, Any]] = []
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":  # which would rather read a table of this size whole
                connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            sa.event.listen(connection, "before_cursor_execute", lambda *a, to=asked: to.append((a[2], a[3])))
            question(connection)
            for statement, values in list(asked):
                plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())
                # a table of a handful of rows (none of reminders are here) is read whole by PostgreSQL
                for large in ("requests", "holds", "promises", "deliveries", "report_rows", "report_hours"):
                    assert f"Seq Scan on {large}" not in plan, (name, plan)
                    assert f"SCAN {large} " not in plan.replace(f"SCAN {large} USING", ""), (name, plan)
