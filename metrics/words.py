"""Numbers as people read them, and the words of targets."""

from metrics.definitions import Definition, Unit

NOTHING = "\N{EN DASH}"


def amount(value: float | None, unit: Unit) -> str:
    """Return "4 min 10 s" or "7.1 %"; a dash for nothing."""
    if value is None:
        return NOTHING
    return seconds(value) if unit is Unit.SECONDS else percent(value)


def seconds(value: float) -> str:
    """Return a length of time in its two largest units: "0.4 s", "12 s", "4 min 10 s", "2 h 5 min", "3 d 4 h"."""
    if abs(value) < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    for large, name, small, rest in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if abs(whole) >= large:
            first, left = divmod(abs(whole), large)
            sign = "-" if whole < 0 else ""
            return f"{sign}{first} {name} {left // small} {rest}" if left // small else f"{sign}{first} {name}"
    return f"{whole} s"


def percent(value: float) -> str:
    """Return a share with one decimal, none where it is whole."""
    shown = f"{value * 100:.1f}"
    return f"{shown.removesuffix('.0')} %"


def change(value: float, unit: Unit) -> str:
    """Return a difference with its sign: "+1 min 5 s", "-2.1 points" (with a true minus)."""
    sign = "\N{MINUS SIGN}" if value < 0 else "+"
    if unit is Unit.SECONDS:
        return f"{sign}{seconds(abs(value))}"
    return f"{sign}{abs(value) * 100:.1f} points"


def target(definition: Definition) -> str:
    """Return the aim in words: "under 5 min", "over 70 % of low severity", "at least 40 % less"; empty without one."""
    aim = definition.target
    if aim is None:
        return ""
    if aim.value < 0:
        return f"at least {percent(-aim.value)} less"
    way = "under" if aim.direction == "below" else "over"
    of = f" of {definition.focus} severity" if definition.focus else ""
    return f"{way} {amount(aim.value, definition.unit)}{of}"
