"""Charts as SVG, made here: no script, colours from the page's own style sheet, a text for whoever sees no picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

_WIDE, _HIGH = 720, 190
_LEFT, _RIGHT, _BOTTOM, _TOP = 34, 8, 22, 8


def columns(title: str, labels: Sequence[str], values: Sequence[int], others: Sequence[int]) -> Markup:
    """Two rows of columns over the same labels: the one behind, and the part of it that is in time before it."""
    most = _even(max([*values, *others, 1]))
    step = (_WIDE - _LEFT - _RIGHT) / max(len(labels), 1)
    width = max(step * 0.7, 1.5)
    high = _HIGH - _BOTTOM - _TOP
    parts = [_grid(most, high)]
    every = max(1, -(-len(labels) // 12))
    for number, (label, value, other) in enumerate(zip(labels, values, others, strict=True)):
        x = _LEFT + number * step + (step - width) / 2
        parts.append(_bar("bar", x, (width / 2, high * value / most), f"{label}: {value}"))
        parts.append(_bar("bar-other", x + width / 2, (width / 2, high * other / most), f"{label}: {other}"))
        if number % every == 0:
            parts.append(f'<text class="axis middle" x="{x + width / 2:.1f}" y="{_HIGH - 6}">{escape(label)}</text>')
    return _svg(title, _WIDE, _HIGH, parts)


def _even(most: int) -> int:
    """The top of an axis: one, or an even number, so that the line in the middle is a whole one."""
    return most + most % 2 if most > 1 else most


def _grid(most: int, high: float) -> str:
    lines = []
    for share in (0, 0.5, 1) if most > 1 else (0, 1):
        y = _TOP + high * (1 - share)
        lines.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDE}" y2="{y:.1f}"/>')
        lines.append(f'<text class="axis end" x="{_LEFT - 5}" y="{y + 4:.1f}">{int(most * share)}</text>')
    return "".join(lines)


def _bar(name: str, x: float, size: tuple[float, float], said: str) -> str:
    width, height = size
    y = _HIGH - _BOTTOM - height
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}"'
    return f'<rect class="{name}" {shape}><title>{escape(said)}</title></rect>'


def stack(title: str, pieces: Sequence[tuple[str, int]]) -> Markup:
    """One bar of several pieces."""
    total = sum(value for _, value in pieces) or 1
    parts, x = [], 0.0
    for number, (label, value) in enumerate(pieces):
        width = _WIDE * value / total
        shape = f'x="{x:.1f}" y="0" width="{width:.1f}" height="26"'
        parts.append(f'<rect class="piece-{number}" {shape}><title>{escape(label)}: {value}</title></rect>')
        x += width
    return _svg(title, _WIDE, 26, parts)


def heat(title: str, cells: Mapping[tuple[int, int], int], weekdays: Sequence[str]) -> Markup:
    """Weekday × hour, the more the darker."""
    most = max([*cells.values(), 1])
    side, left, top = 27, 40, 16
    parts = [f'<text class="axis" x="{left + hour * side + 6}" y="11">{hour}</text>' for hour in range(0, 24, 2)]
    for weekday, name in enumerate(weekdays):
        y = top + weekday * 22
        parts.append(f'<text class="axis" x="0" y="{y + 15}">{escape(name)}</text>')
        for hour in range(24):
            value = cells.get((weekday, hour), 0)
            shape = f'x="{left + hour * side}" y="{y}" width="{side - 2}" height="20" rx="3"'
            shade = f'fill-opacity="{0.12 + 0.88 * value / most:.2f}"' if value else ""
            said = f"{name}, {hour}:00: {value}"
            kind = "warm" if value else "cold"
            parts.append(f'<rect class="{kind}" {shape} {shade}><title>{escape(said)}</title></rect>')
    return _svg(title, left + 24 * side, top + 7 * 22, parts)


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 # every text in it is escaped above
