"""The order of seeding. Each part looks for what is there: running it again adds nothing."""

from soc.demo.cast import beat, seed_cast
from soc.demo.decided import write_decided
from soc.demo.estate import seed_estate
from soc.demo.morning import seed_morning
from soc.demo.past import seed_past


def seed() -> str:
    """Make everything that the serving role may make; return what was made, in words."""
    seed_estate(seed_cast())
    beat()
    alerts = seed_past()
    items = seed_morning()
    return f"{alerts} alerts of two weeks, {items} items to decide"


def seed_history() -> str:
    """Write what people decided in those two weeks, as the owner; return what was written, in words."""
    return write_decided()
