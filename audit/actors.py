"""Who did it: the one shape in which every entry names its actor."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an agent, a source or the system itself; `role` is the role held at that moment."""

    kind: Literal["person", "agent", "source", "system"]
    id: str
    name: str
    role: str = ""


#: The product acting by a rule (a deadline, a lease), never on anybody's behalf.
SYSTEM = Actor(kind="system", id="system", name="Countersign")
