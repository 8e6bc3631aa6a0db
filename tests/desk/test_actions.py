"""Actions that remember, on both databases: recorded → not repeated, unknown → looked for, put off → begun anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config import Mode
from desk.actions import Action, Find, Result, Warnings
from desk.dry_run import DryLedger
from desk.faults import Dead, Later, LeaseLostError, WouldWriteError
from desk.run import Run
from desk.run_ledger import RunLedger
from store import ledger, systems, tables
from store.committer import Transactions
from store.tables import deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """What verbs change, and a ledger over it for as many runs as a test wants."""

    engine: sa.Engine
    mode: Mode = "act"
    effects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    token: str = "first"
    stopping: bool = False
    settle: timedelta = timedelta(0)

    def ledger(self, worker: str | None = None) -> RunLedger:
        """The ledger of a new run from the handler's top."""
        with self.engine.connect() as connection:
            known = ledger.recorded(connection, 1)
        run = Run(1, "webcrm/d", "webcrm:1", self.token, lambda: self.stopping, worker, known=known)
        warn = lambda verb, _: self.warnings.append(verb.name)  # noqa: E731
        return RunLedger(Transactions(self.engine), run, lambda _: self.mode, Warnings(warn), self.settle)

    def run(self, *names: str, fault: tuple[str, Exception] | None = None) -> list[Any]:
        """A handler of these verbs; one of them may meet a fault after its effect (or before: `no_effect`)."""
        actions = self.ledger()
        try:
            return [self.act(actions, name, fault[1] if fault and fault[0] == name else None) for name in names]
        finally:
            actions.settle()  # as the end of a run does

    def do(self, action: Action, act: Callable[[], Result], find: Find[Result] | None = None) -> Any:
        """A run of one action."""
        actions = self.ledger()
        try:
            return actions.do(action, act, find)
        finally:
            actions.settle()

    def act(self, actions: RunLedger, name: str, fault: Exception | None = None) -> Any:
        """One verb, whose effect can be found again."""

        def act() -> Result:
            if not getattr(fault, "no_effect", False):
                self.effects.append(name)
            if fault:
                raise fault
            return Result(f"{name} {len(self.effects)}")

        def find(_: datetime) -> Result | None:
            return Result(f"found {name}") if name in self.effects else None

        return actions.do(Action("W-40", name, "t", intent="wanted"), act, find)

    def rows(self) -> list[tuple[str, str]]:
        """The ledger."""
        with self.engine.connect() as connection:
            return [(row.verb, row.outcome) for row in ledger.of_delivery(connection, 1)]


@pytest.fixture
def world(engine: sa.Engine) -> World:
    """A world with one delivery, taken by the run `first`."""
    with engine.begin() as connection:
        row = {"id": 1, "source": "webcrm", "delivery_id": "d", "case_id": "webcrm:1", "type": "ticket.closing"}
        values = {"state": "running", "run_token": "first", "body": "{}", "received_at": NOW}
        connection.execute(sa.insert(deliveries).values(**row, **values))
    return World(engine)


def test_a_handler_that_runs_twice_acts_once_and_gets_the_same_results(world: World) -> None:
    assert world.run("a", "b", "a") == world.run("a", "b", "a") == ["a 1", "b 2", "a 3"]
    assert world.effects == ["a", "b", "a"]
    with world.engine.connect() as connection:
        rows = ledger.of_delivery(connection, 1)
    assert [(row.verb, row.n, row.outcome, row.mode, row.after) for row in rows] == [
        ("a", 1, "done", "act", "wanted"),
        ("b", 1, "done", "act", "wanted"),
        ("a", 2, "done", "act", "wanted"),
    ]


def test_an_unknown_outcome_is_looked_for_and_recorded(world: World) -> None:
    with pytest.raises(Later):
        world.run("a", "b", fault=("b", Later("timeout")))
    assert world.rows() == [("a", "done"), ("b", "begun")]
    assert world.run("a", "b") == ["a 1", "found b"]
    assert world.effects == ["a", "b"]
    assert world.rows() == [("a", "done"), ("b", "done")]


def test_an_unknown_outcome_without_an_effect_is_repeated_and_its_moment_is_the_new_trys(world: World) -> None:
    looked: list[datetime] = []
    calls: list[int] = []

    def act() -> Result:
        calls.append(1)
        if len(calls) < 3:
            raise Later("500")
        return Result("made")

    def find(begun_at: datetime) -> Result | None:
        looked.append(begun_at)
        return None

    for _ in range(2):
        with pytest.raises(Later):
            world.do(Action("W-40", "a", "t"), act, find)
    assert world.do(Action("W-40", "a", "t"), act, find) == "made"
    assert len(looked) == 2
    # or the second try's effect would be looked for before search can show it
    assert looked[0] < looked[1]


def test_what_is_looked_for_too_early_keeps_its_moment(world: World) -> None:
    looked: list[datetime] = []

    def find(begun_at: datetime) -> Result | None:
        looked.append(begun_at)
        raise Later("search may lag", at=NOW)

    with pytest.raises(Later):
        world.run("a", fault=("a", Later("timeout")))
    for _ in range(2):
        with pytest.raises(Later):
            world.do(Action("W-40", "a", "t"), lambda: pytest.fail("acted"), find)
    assert looked[0] == looked[1]


class WorkerDiedError(BaseException):
    """The worker is killed in the middle of a call."""


def begun_and_lost(world: World) -> None:
    """A run whose worker died in the middle of the call of its only verb."""

    def act() -> Result:
        raise WorkerDiedError

    with pytest.raises(WorkerDiedError):
        world.do(Action("W-40", "a", "t"), act, lambda _: None)


def test_a_call_that_nobody_saw_end_is_repeated_only_when_it_is_certainly_over(world: World) -> None:
    world.settle = timedelta(hours=1)
    begun_and_lost(world)
    begun_at = datetime.now(UTC)
    for _ in range(2):
        with pytest.raises(Later) as later:
            world.run("a")
        assert later.value.at is not None
        assert abs(later.value.at - begun_at - world.settle) < timedelta(minutes=1)
        assert later.value.spends is False
    assert world.effects == []
    world.effects.append("a")  # it has its effect after all
    assert world.run("a") == ["found a"]
    assert world.effects == ["a"]


def test_a_call_that_nobody_saw_end_is_repeated_after_that(world: World) -> None:
    begun_and_lost(world)
    assert world.run("a") == ["a 1"]


def test_a_call_that_was_seen_to_end_is_repeated_without_waiting_but_its_repetition_is_not(world: World) -> None:
    world.settle = timedelta(hours=1)
    with pytest.raises(Later):
        world.do(Action("W-40", "a", "t"), lambda: later_fault("500"), lambda _: None)
    begun_and_lost(world)  # looked in vain, called again, and died
    with pytest.raises(Later, match="under way"):
        world.run("a")


def test_rows_of_the_bots_own_need_no_such_patience(world: World) -> None:
    world.settle = timedelta(hours=1)
    begun_and_lost(world)  # as the release before left them
    assert world.ledger().write(Action("W-40", "a", "t"), lambda _: Result("now")) == "now"
    assert world.rows() == [("a", "done")]


def alerts(world: World) -> int:
    """How many alerts there are."""
    with world.engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM alerts")).scalar_one())


def raise_alert(connection: sa.Connection) -> None:
    """Rows of the bot's own."""
    systems.raise_alert(connection, "k", "t", NOW)


def test_rows_are_written_with_their_action_or_not_at_all(world: World) -> None:
    def broken(connection: sa.Connection) -> None:
        raise_alert(connection)
        raise ValueError("of our own")

    actions = world.ledger()
    with pytest.raises(ValueError, match="of our own"):
        actions.write(Action("W-40", "a", "t"), broken)
    assert (alerts(world), world.rows()) == (0, [])
    world.ledger().write(Action("W-40", "a", "t", intent=1, before=0), raise_alert)
    world.ledger().write(Action("W-40", "a", "t"), lambda _: pytest.fail("written twice"))
    with world.engine.connect() as connection:
        (row,) = ledger.of_delivery(connection, 1)
    assert (alerts(world), row.outcome, row.before, row.after) == (1, "done", 0, 1)


def test_rows_of_a_run_that_was_replaced_are_not_written(world: World) -> None:
    sleeper = world.ledger()
    with world.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(run_token="second"))
    with pytest.raises(LeaseLostError):
        sleeper.write(Action("W-40", "a", "t"), raise_alert)
    assert (alerts(world), world.rows()) == (0, [])


def test_an_end_is_written_with_the_next_beginning_and_before_a_look(world: World) -> None:
    actions = world.ledger()
    world.act(actions, "a")
    assert world.rows() == [("a", "begun")]
    world.act(actions, "b")
    assert world.rows() == [("a", "done"), ("b", "begun")]
    actions.settle()
    assert world.rows() == [("a", "done"), ("b", "done")]


def test_each_target_counts_by_itself(world: World) -> None:
    world.do(Action("W-40", "a", "first"), lambda: Result(1))
    actions = world.ledger()
    assert actions.do(Action("W-40", "a", "before it"), lambda: Result(2)) == 2
    assert actions.do(Action("W-40", "a", "first"), lambda: pytest.fail("done twice")) == 1
    assert actions.do(Action("W-40", "a", "first"), lambda: Result(3)) == 3


def test_what_the_release_before_has_done_is_done(world: World) -> None:
    with world.engine.begin() as connection:
        row = {"delivery": 1, "rule": "W-40", "verb": "a", "mode": "act", "outcome": "done", "begun_at": NOW}
        for n in (1, 2):
            connection.execute(sa.insert(tables.ledger).values(**row, n=n, target=f"t{n}", result=n))
    actions = world.ledger()
    assert actions.has_done(Action("W-40", "a", "t1"))
    given = [actions.do(Action("W-40", "a", target), lambda: Result("new")) for target in ("t1", "t2", "t2")]
    assert given == [1, 2, "new"]


def test_the_key_is_the_same_for_every_try_and_for_no_other_action(world: World) -> None:
    def keys() -> list[str]:
        actions, found = world.ledger(), []
        for target in ("t", "u", "t"):
            action = Action("W-40", "a", target)
            actions.do(action, Result)
            found.append(actions.key(action))
        return found

    assert keys() == keys()
    assert len(set(keys())) == 3


def later_fault(reason: str) -> Result:
    """A call that ends without telling whether it had its effect."""
    raise Later(reason)


def test_a_fault_of_the_look_leaves_the_outcome_unknown(world: World) -> None:
    with pytest.raises(Later):
        world.run("a", fault=("a", Later("timeout")))
    patience = Later("429", no_effect=True)

    def find(_: datetime) -> Result | None:
        raise patience

    with pytest.raises(Later):
        world.do(Action("W-40", "a", "t"), lambda: pytest.fail("acted"), find)
    assert world.rows() == [("a", "begun")]
    assert world.run("a") == ["found a"]
    assert world.effects == ["a"]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(Later("429", no_effect=True), "put_off"), (Dead("403", no_effect=True), "failed")],
    ids=["put off", "failed"],
)
def test_what_certainly_had_no_effect_is_begun_anew_without_looking(
    world: World, fault: Exception, outcome: str
) -> None:
    with pytest.raises(type(fault)):
        world.run("a", fault=("a", fault))
    assert world.rows() == [("a", outcome)]
    asked = lambda _: pytest.fail("looked for an effect that there cannot be")  # noqa: E731
    assert world.do(Action("W-40", "a", "t"), lambda: Result("now"), asked) == "now"
    assert world.rows() == [("a", "done")]


@pytest.mark.parametrize(
    ("mode", "outcome", "effects", "warnings"),
    [
        ("act", "done", ["a"], []),
        ("warn", "warned", [], ["a"]),
        ("observe", "observed", [], []),
        ("off", "off", [], []),
    ],
)
def test_the_mode_decides_in_one_place(
    world: World, mode: Mode, outcome: str, effects: list[str], warnings: list[str]
) -> None:
    world.mode = mode
    for _ in range(2):
        assert world.run("a") == (["a 1"] if mode == "act" else [None])
    assert (world.rows(), world.effects, world.warnings) == ([("a", outcome)], effects, warnings)
    world.mode = "act"  # a replay, after the admin has turned the rule on
    world.run("a")
    assert world.effects == ([] if mode == "warn" else ["a"])


def test_what_cannot_be_done_is_only_recorded(world: World) -> None:
    verb = Action("W-40", "a", "t", possible=False)
    assert world.do(verb, lambda: pytest.fail("acted")) is None
    assert world.rows() == [("a", "observed")]


HALF_DONE = ("choose", "create", "link", "close")


@pytest.mark.parametrize("broken", HALF_DONE)
@pytest.mark.parametrize(
    "of_the_next_release",
    [
        ("choose", "create", "tell", "link", "close"),
        ("tell", "choose", "create", "link", "close"),
        ("choose", "create", "link", "close", "tell"),
        ("choose", "create", "close"),
        ("create", "choose", "link", "close"),
    ],
    ids=["inserted", "first", "last", "removed", "moved"],
)
@pytest.mark.parametrize("effect", [True, False], ids=["after the effect", "before it"])
def test_the_next_release_finishes_what_this_one_began(
    world: World, broken: str, of_the_next_release: tuple[str, ...], *, effect: bool
) -> None:
    with pytest.raises(Later):
        world.run(*HALF_DONE, fault=(broken, Later("timeout", no_effect=not effect)))
    world.run(*of_the_next_release)
    world.run(*of_the_next_release)
    done_before = HALF_DONE[: HALF_DONE.index(broken) + effect]
    assert sorted(world.effects) == sorted({*done_before, *of_the_next_release})


def test_a_run_that_was_replaced_begins_no_verb(world: World) -> None:
    sleeper = world.ledger()
    world.act(sleeper, "a")
    with world.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(run_token="second"))
    with pytest.raises(LeaseLostError):
        world.act(sleeper, "b")
    assert world.effects == ["a"]
    world.token = "second"
    assert world.run("a", "b") == ["found a", "b 2"]


@pytest.mark.parametrize(
    ("fault", "left"),
    [(None, ["the sleeper's"]), (Later("429", no_effect=True), []), (Later("500"), [None])],
    ids=["answered", "put off", "unknown"],
)
def test_a_run_that_was_replaced_within_a_verb_overwrites_nothing_and_leaves_word_of_its_effect(
    world: World, fault: Exception | None, left: list[str | None]
) -> None:
    linked: list[str] = []
    word: list[str | None] = []

    def act() -> Result:
        with world.engine.begin() as connection:  # asleep: another took over, and recorded
            connection.execute(sa.update(deliveries).values(run_token="second"))
        world.token = "second"
        world.do(Action("W-40", "a", "t"), lambda: Result("the other's"), lambda _: None)
        if fault:
            raise fault
        return Result("the sleeper's", rows=lambda _: linked.append("twice"))

    def stray(_: sa.Connection, done: Result | None, __: str) -> None:
        word.append(done.value if done else None)

    with pytest.raises(Later if fault else LeaseLostError):
        world.do(Action("W-40", "a", "t", stray=stray), act)
    assert world.run("a") == ["the other's"]
    assert (linked, word) == ([], left)


@pytest.mark.parametrize("fault", [None, Later("429", no_effect=True), Later("500")], ids=["answered", "429", "500"])
def test_a_run_that_was_replaced_ends_nothing_that_its_successor_has_under_way(
    world: World, fault: Exception | None
) -> None:
    def act() -> Result:
        with world.engine.begin() as connection:
            connection.execute(sa.update(deliveries).values(run_token="second"))
        if fault:
            raise fault
        return Result("the sleeper's")

    with pytest.raises(Later if fault else LeaseLostError):
        world.do(Action("W-40", "a", "t"), act)
    with world.engine.connect() as connection:
        [row] = ledger.of_delivery(connection, 1)
    assert (row.outcome, row.result, row.reason) == ("begun", None, None)


def test_a_worker_that_stops_begins_no_verb(world: World) -> None:
    world.run("a")
    world.stopping = True
    with pytest.raises(LeaseLostError):
        world.run("a", "b")
    assert world.effects == ["a"]


def test_what_also_belongs_to_a_verb_is_recorded_with_it_or_not_at_all(world: World) -> None:
    def also(connection: sa.Connection) -> None:
        connection.execute(
            sa.text("INSERT INTO alerts (key, text, raised_at) VALUES ('k', 't', '2026-11-20 12:00:00')")
        )
        if broken:
            raise ValueError("of our own")

    def count() -> int:
        with world.engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT count(*) FROM alerts")).scalar_one())

    act: Callable[[], Result] = lambda: Result(rows=also)  # noqa: E731
    broken = True
    with pytest.raises(ValueError, match="of our own"):
        world.do(Action("W-40", "a", "t"), act)
    assert (count(), world.rows()) == (0, [("a", "begun")])
    broken = False
    world.do(Action("W-40", "a", "t"), act)
    assert (count(), world.rows()) == (1, [("a", "done")])


def test_a_dry_run_ends_an_action_where_it_would_write(world: World) -> None:
    def act() -> Result:
        raise WouldWriteError("PUT /issue")

    actions = DryLedger(world.engine, "webcrm/d", lambda rule: "warn" if rule == "W-1" else "act")
    assert actions.do(Action("W-40", "a", "t", intent="x"), act) is None
    assert actions.do(Action("W-40", "looked", "t"), lambda: Result(7, outcome="unchanged")) == 7
    actions.do(Action("W-1", "b", None), lambda: pytest.fail("acted"))
    actions.do(Action("W-40", "c", None, possible=False), lambda: pytest.fail("acted"))
    assert [(line["rule"], line["verb"], line["outcome"], line["after"]) for line in actions.lines] == [
        ("W-40", "a", "would do", "x"),
        ("W-40", "looked", "unchanged", None),
        ("W-1", "b", "would warn", None),
        ("W-40", "c", "would do", None),
    ]


def test_a_run_whose_lease_is_over_ends_what_it_decided_while_nobody_took_it_over(world: World) -> None:
    world.mode = "observe"
    actions = world.ledger(worker="sleepy")  # it has no lease
    world.act(actions, "a")
    with world.engine.begin() as connection:
        assert actions.end(connection, state="done", finished_at=NOW, due_at=None, reason=None)
    assert world.rows() == [("a", "observed")]
    with world.engine.connect() as connection:
        assert connection.execute(sa.select(deliveries.c.state)).scalar_one() == "done"


def test_rows_that_cannot_be_written_with_the_next_beginning_are_no_lost_lease(world: World) -> None:
    def broken(connection: sa.Connection) -> None:
        for _ in range(2):
            connection.execute(sa.insert(tables.alerts).values(key="k", text="t", raised_at=NOW))

    actions = world.ledger()
    actions.do(Action("W-40", "a", "t"), lambda: Result(rows=broken))
    with pytest.raises(sa.exc.IntegrityError):  # else the delivery would be run again at once, for ever
        world.act(actions, "b")
    assert world.rows() == [("a", "begun")]
