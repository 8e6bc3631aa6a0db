"""`import`: puts a file of closings through the inbox as if the CRM had sent each line.

Lines are taken in batches, each in a transaction. If it is interrupted, the same command continues: each line is a
delivery with an id of its own, so lines that were taken are recognised.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click
import sqlalchemy as sa

from cli import people
from cli.words import say
from desk.clock import machine_now
from receivers.refusal import Refusal
from receivers.webcrm_events import SOURCE
from receivers.webcrm_file import UnreadableFileError, lines
from runtime.inbox import Arrival
from runtime.process import Process
from store import arrivals, audit
from store.audit import Change

PIECE = 50  # lines in a transaction: other writers wait only milliseconds
SHOWN = 20  # faults that are printed, and as many remarks


@dataclass
class ImportCounts:
    """How many lines are new, known already, or bad."""

    new: int = 0
    known: int = 0
    bad: int = 0


@dataclass
class _Told:
    """Collects texts of which only the first `SHOWN` are printed."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(text)

    def show(self) -> None:
        more = self.count - len(self.first)
        for text in [*self.first, *([say("import_more", count=more)] if more else [])]:
            click.echo(text, err=True)


@dataclass(frozen=True)
class Import:
    """One run over a file."""

    process: Process
    path: Path
    dry_run: bool
    skip_bad: bool

    def run(self) -> None:
        """Check the whole file, then import it and print what became of its lines. Raises ClickException, Exit."""
        if SOURCE not in self.process.settings.crms:
            raise click.ClickException(say("import_no_crm"))
        good, bad = self._check()
        if bad and not (self.skip_bad or self.dry_run):
            raise click.ClickException(say("import_refused", name=self.path.name, bad=bad, good=good))
        counts = ImportCounts(bad=bad)
        if not self.dry_run:
            self._write_down(good)
        self._go_through(good, counts)
        click.echo(say("import_would" if self.dry_run else "import_done", name=self.path.name, **vars(counts)))
        if bad and not self.skip_bad:
            raise click.exceptions.Exit(1)

    def _check(self) -> tuple[int, int]:
        """Print what is wrong with the lines; return how many are good and how many are not."""
        good, faults, remarks = 0, _Told(), _Told()
        try:
            progress = click.progressbar(lines(self.path), label=say("import_checking"), show_pos=True, file=sys.stderr)
            with progress as checked:
                for line in checked:
                    good += line.arrival is not None
                    if line.fault:
                        faults.add(_fault(line.number, line.fault))
                    for text in line.warnings:
                        remarks.add(say("import_remark", line=line.number, text=text))
        except UnreadableFileError as error:
            said = say("import_unreadable", name=self.path.name, **vars(error))
            raise click.ClickException(said) from None
        faults.show()
        remarks.show()
        return good, faults.count

    def _go_through(self, good: int, counts: ImportCounts) -> None:
        keep = _Looker(self.process.engine).accept_all if self.dry_run else self.process.inbox.accept_all
        try:
            with click.progressbar(length=good, label=say("import_taking"), file=sys.stderr) as bar:
                for piece in self._pieces():
                    new = sum(keep(piece))
                    counts.new += new
                    counts.known += len(piece) - new
                    bar.update(len(piece))
        except (sa.exc.SQLAlchemyError, OSError, UnreadableFileError) as error:
            left = good - counts.new - counts.known
            said = type(error).__name__  # the error's text may quote a line
            raise click.ClickException(say("import_broken", said=said, left=left, **vars(counts))) from None

    def _pieces(self) -> Iterator[Sequence[Arrival]]:
        good = (line.arrival for line in lines(self.path) if line.arrival is not None)
        while piece := list(islice(good, PIECE)):
            yield piece

    def _write_down(self, good: int) -> None:
        change = Change("imported", self.path.name, after={"lines": good})
        with self.process.engine.begin() as connection:
            audit.write(connection, people.operator(), change, machine_now())


@dataclass(frozen=True)
class _Looker:
    """Answers like the inbox, but keeps nothing."""

    engine: sa.Engine
    met: set[str] = field(default_factory=set)

    def accept_all(self, piece: Sequence[Arrival]) -> list[bool]:
        ids = [arrival.delivery_id for arrival in piece]
        with self.engine.connect() as connection:
            self.met.update(arrivals.known(connection, SOURCE, ids))
        new = [name not in self.met and name not in ids[:place] for place, name in enumerate(ids)]
        self.met.update(ids)
        return new


def _fault(number: int, fault: Refusal) -> str:
    path = f"{fault.path}: " if fault.path else ""
    return say("import_bad", line=number, path=path, problem=fault.problem, fix=fault.fix)
