"""Charts as SVG: no script, colours from the page's style sheet, and texts for screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

_WIDE, _HIGH = 720, 230
_LEFT, _RIGHT, _BOTTOM, _TOP = 44, 8, 28, 12


Series = tuple[str, str, Sequence[int]]  # the class of its bars, its name, its values


def columns(
    title: str, labels: Sequence[str], series: Sequence[Series], size: tuple[int, int] = (_WIDE, _HIGH)
) -> Markup:
    """Draw a column chart with several series side by side; `size` is width and height."""
    wide, high = size[0], size[1] - _BOTTOM - _TOP
    most = _even(max([value for _, _, values in series for value in values] + [1]))
    step = (wide - _LEFT - _RIGHT) / max(len(labels), 1)
    width = max(step * 0.8, 1.5) / len(series)
    parts = [_grid(most, (wide, high))]
    every = max(1, -(-len(labels) * 68 // wide))
    for number, label in enumerate(labels):
        x = _LEFT + number * step + step * 0.1
        for place, (name, called, values) in enumerate(series):
            said = f"{label}, {called}: {values[number]}"
            height = high * values[number] / most
            parts.append(_bar(name, (x + place * width, _TOP + high - height), (width, height), said))
        if number % every == 0:
            middle = x + width * len(series) / 2
            parts.append(f'<text class="axis middle" x="{middle:.1f}" y="{size[1] - 6}">{escape(label)}</text>')
    return _svg(title, *size, parts, "chart" if wide == _WIDE else "chart small")


def sparkline(values: Sequence[float | None]) -> Markup:
    """Draw how one figure changed, as a line; hidden from screen readers, as the figures are beside it."""
    known = [value for value in values if value is not None]
    most = max(known, default=0)
    if len(known) < 2 or not most:  # noqa: PLR2004 # two points make a line
        return Markup("")
    step = 100 / (len(values) - 1)
    places = [(n * step, 22 - 20 * value / most) for n, value in enumerate(values) if value is not None]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    line = f'<polyline points="{points}"/>'
    head = '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
    return Markup(f"{head}{line}</svg>")  # noqa: S704 # numbers alone


def _even(most: int) -> int:
    """Return the top of an axis: one, or an even number, so that the middle line is a whole number."""
    return most + most % 2 if most > 1 else most


def _grid(most: int, size: tuple[int, int]) -> str:
    wide, high = size
    lines = []
    for share in (0, 0.5, 1) if most > 1 else (0, 1):
        y = _TOP + high * (1 - share)
        lines.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{wide}" y2="{y:.1f}"/>')
        lines.append(f'<text class="axis end" x="{_LEFT - 5}" y="{y + 4:.1f}">{int(most * share)}</text>')
    return "".join(lines)


def _bar(name: str, place: tuple[float, float], size: tuple[float, float], said: str) -> str:
    (x, y), (width, height) = place, size
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" {shape}><title>{escape(said)}</title></rect>'


def stack(title: str, pieces: Sequence[tuple[str, int]]) -> Markup:
    """Draw one bar of several pieces."""
    total = sum(value for _, value in pieces) or 1
    parts, x = [], 0.0
    for number, (label, value) in enumerate(pieces):
        width = _WIDE * value / total
        shape = f'x="{x:.1f}" y="0" width="{width:.1f}" height="26"'
        parts.append(f'<rect class="piece-{number}" {shape}><title>{escape(label)}: {value}</title></rect>')
        x += width
    return _svg(title, _WIDE, 26, parts)


def _svg(title: str, width: int, height: int, parts: Sequence[str], name: str = "chart") -> Markup:
    head = f'<svg class="{name}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 # every text in it is escaped above
