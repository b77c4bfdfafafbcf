"""The table of a run: a row for every fault."""

COLUMNS = (
    ("fault", 34), ("injected", 8), ("acked", 6), ("lost", 4), ("dup", 4),
    ("order", 5), ("leak", 4), ("reread", 6), ("phantom", 7), ("silent", 6), ("asked", 5),
    ("resync", 6), ("back", 6), ("repair p50", 10), ("max", 6),
)
LATE = 0.25  # seconds: what took longer was repaired, not delivered


def heading():
    return "  ".join(f"{name:<{w}}" if i == 0 else f"{name:>{w}}"
                     for i, (name, w) in enumerate(COLUMNS))


def seconds(value):
    return "-" if value is None else f"{value:.2f}"


def row(name, injected, v):
    """One line; times in seconds."""
    repairs = sorted(after for whole, after in v.late
                     if whole > LATE and after > 0)
    middle = repairs[len(repairs) // 2] if repairs else None
    cells = (name, injected, v.acked, v.lost + v.missing, v.doubled,
             v.reordered, v.leaked, v.reread, v.phantom, v.silent, v.asked,
             v.told + v.rewound, seconds(v.back), seconds(middle),
             seconds(repairs[-1] if repairs else None))
    return "  ".join(f"{str(c):<{w}}" if i == 0 else f"{str(c):>{w}}"
                     for i, (c, (_, w)) in enumerate(zip(cells, COLUMNS)))
