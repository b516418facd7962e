"""How times grow with what is stored, as an SVG picture: both scales are logarithmic."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape

_WIDTH, _ROW, _LEFT, _TOP, _PLOT = 760, 15, 70, 40, 380
_COLOURS = ("#1b6ca8", "#c8553d", "#588157", "#8e5aa8", "#b08900", "#2a9d8f", "#6b705c", "#d1495b")


def picture(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """A line a kind of search, from (resources stored, milliseconds); labels stand at the right, apart."""
    height = _TOP + max(340, _ROW * len(curves)) + 50
    bottom = height - 50
    sizes = sorted({size for curve in curves.values() for size, _ in curve})
    times = [time for curve in curves.values() for _, time in curve]
    low, high = floor(log10(min(times))), ceil(log10(max(times)))
    first, last = log10(sizes[0]), log10(sizes[-1])

    def x(size: int) -> float:
        return _LEFT + (log10(size) - first) / (last - first) * _PLOT

    def y(time: float) -> float:
        return bottom - (log10(time) - low) / (high - low) * (bottom - _TOP)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="13">processor time a request (ms), by resources stored</text>',
    ]
    for exponent in range(low, high + 1):
        at = y(10.0**exponent)
        lines.append(f'<path d="M{_LEFT} {at:.1f}h{_PLOT}" stroke="#ddd"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**exponent:g}</text>')
    for size in sizes:
        lines.append(f'<path d="M{x(size):.1f} {_TOP}V{bottom}" stroke="#ddd"/>')
        lines.append(f'<text x="{x(size):.1f}" y="{bottom + 18}" text-anchor="middle">{size:,}</text>')
    label = float(bottom) + _ROW
    ends = sorted(curves.items(), key=lambda named: named[1][-1][1])
    for rank, (name, curve) in enumerate(ends):
        colour = _COLOURS[rank % len(_COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(time):.1f}" for size, time in curve)
        end = y(curve[-1][1])
        # From the quickest up: each label at its line's end, or right above the one before.
        label = min(label - _ROW, end)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        lines.append(f'<path d="M{_LEFT + _PLOT} {end:.1f}L{_LEFT + _PLOT + 22} {label:.1f}" stroke="{colour}"/>')
        text = f"{name} {curve[-1][1]:.1f}"
        lines.append(f'<text x="{_LEFT + _PLOT + 26}" y="{label + 4:.1f}" fill="{colour}">{escape(text)}</text>')
    return "\n".join([*lines, "</svg>", ""])
