"""Files for spreadsheets: CSV as Excel reads it, XLSX with real types and charts; no text becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from tempfile import TemporaryFile
from typing import IO, Any

from flask import Response, stream_with_context

from desk.adf import clean
from desk.figures import Figures, Report
from web.language import language
from web.words import word, words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Spreadsheets round more than 15 digits, drop leading zeros, and read what looks like 1E5 as a number.
_ROUNDED = re.compile(r"\s*(?:(?:[0-9][ \u00a0]?){16,}|0[0-9]+|[0-9]+[eE][0-9]+)\s*")
_PIECE = 64 * 1024  # bytes
_LINES = 200  # rows that are sent at once
Cell = str | int | float | None
Named = Callable[[str, str], str]  # the name of a value, given its dimension and the value
Book = Any  # of xlsxwriter, which has no types
_DAY = timedelta(days=1)


def csv_answer(name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Stream a CSV; the separator is a semicolon where the comma is the decimal sign."""
    separator = ";" if language() == "ru" else ","
    pieces = list_pieces([headings], separator), list_pieces(rows, separator)
    return _answer((piece for part in pieces for piece in part), name, "text/csv; charset=utf-8", bom=True)


def list_pieces(rows: Iterable[Sequence[Cell]], separator: str) -> Iterator[str]:
    """Yield rows as text, `_LINES` at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value, separator) for value in row])
        if number % _LINES == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Cell, separator: str) -> Cell:
    if isinstance(value, float) and separator == ";":
        return str(value).replace(".", ",")
    return safe(value) if isinstance(value, str) else value


def safe(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would calculate or round; return any other text as it is.

    A tab would be invisible, and `="…"` is a formula; a program that reads the file has to remove one apostrophe.
    """
    text = clean(text)
    marked = text.lstrip(" \u00a0").startswith(_FORMULA) or _ROUNDED.fullmatch(text)
    return f"'{text}" if marked else text


def _answer(pieces: Iterable[str], name: str, kind: str, *, bom: bool) -> Response:
    def encoded() -> Iterator[bytes]:
        if bom:
            yield _BOM.encode()
        for piece in pieces:
            yield piece.encode()

    return Response(stream_with_context(encoded()), content_type=kind, headers=attachment(name))


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser save an answer as a file."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def figures_row(one: Figures) -> list[int | float | None]:
    """Return the figures as cells, in the order of the headings `figures`: counts, a share, and hours."""
    hours = [None if took is None else round(took / timedelta(hours=1), 2) for took in (one.median, one.p90)]
    share = None if one.within is None else round(one.within, 4)
    return [one.asked, *one.sent, *one.answered, one.ignored, share, *hours]


def figures_headings() -> list[str]:
    """Return the headings of `figures_row`."""
    return [word("figures", name) for name in words()["figures"]]


def report_rows(report: Report, named: Named) -> Iterator[list[Cell]]:
    """Yield the report as rows of one table: section, name, figures."""
    yield [word("sections", "total"), _days(report), *figures_row(report.total)]
    before = report.period.before
    yield [word("sections", "before"), f"{before.first} – {before.last}", *figures_row(report.before)]
    for day, one in report.days:
        yield [word("sections", "day"), day.isoformat(), *figures_row(one)]
    for dimension, rows in report.parts.items():
        for value, one in rows:
            yield [word("sections", dimension), named(dimension, value), *figures_row(one)]


def _days(report: Report) -> str:
    return f"{report.period.first} – {report.period.last}"


def xlsx_answer(name: str, report: Report, named: Named) -> Response:
    """Send the report as a workbook, which is made in a temporary file."""
    from xlsxwriter import Workbook  # noqa: PLC0415 # 2 MB, for a file now and then

    file = TemporaryFile()  # noqa: SIM115 # closed when it is sent
    book = Workbook(
        file, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": False}
    )
    _fill(book, report, named)
    book.close()
    file.seek(0)
    return Response(read_file(file), content_type=XLSX, headers=attachment(name))


def read_file(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file in pieces and close it."""
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _fill(book: Book, report: Report, named: Named) -> None:
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    formats = {"share": book.add_format({"num_format": "0%"}), "hours": book.add_format({"num_format": "0.0"})}
    formats["day"] = book.add_format({"num_format": "yyyy-mm-dd"})
    headings = figures_headings()

    def sheet(section: str, rows: Iterable[tuple[str | date, Figures]]) -> tuple[Book, int]:
        made = book.add_worksheet(word("sections", section))
        made.freeze_panes(1, 1)
        made.set_column(0, 0, 28)
        made.set_column(1, len(headings), 12)
        made.write_row(0, 0, [word("sections", section), *headings], bold)
        count = 0
        for count, (first, one) in enumerate(rows, start=1):
            if isinstance(first, date):
                made.write_datetime(count, 0, first, formats["day"])
            else:
                made.write_string(count, 0, first)
            for column, cell in enumerate(figures_row(one), start=1):
                if cell is not None:
                    made.write_number(count, column, cell, _form(column, formats))
        return made, count

    sheet("total", [(_days(report), report.total), (f"{report.period.before.first} – …", report.before)])
    days, count = sheet("day", report.days)
    _trend(book, days, word("sections", "day"), count)
    for dimension, rows in report.parts.items():
        sheet(dimension, [(named(dimension, value), one) for value, one in rows])
    _hours(book, report, bold)


def _form(column: int, formats: dict[str, Book]) -> Book:
    share = 1 + len(words()["figures"]) - 3
    return formats["share"] if column == share else formats["hours"] if column > share else None


def _trend(book: Book, sheet: Book, name: str, count: int) -> None:
    """Add a chart of the requests asked by day, below the table."""
    if not count:
        return
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": [name, 0, 1], "categories": [name, 1, 0, count, 0], "values": [name, 1, 1, count, 1]})
    chart.set_title({"name": word("figures", "asked")})
    chart.set_legend({"none": True})
    chart.set_size({"width": 720, "height": 280})
    sheet.insert_chart(count + 2, 1, chart)


def _hours(book: Book, report: Report, bold: Book) -> None:
    sheet = book.add_worksheet(word("sections", "hours"))
    sheet.write_row(0, 0, ["", *range(24)], bold)
    for weekday in range(7):
        sheet.write_string(weekday + 1, 0, word("weekdays", weekday), bold)
        for hour in range(24):
            sheet.write_number(weekday + 1, hour + 1, report.hours.get((weekday, hour), 0))
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#17614E"}
    sheet.conditional_format(1, 1, 7, 24, scale)
