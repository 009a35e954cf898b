"""What a payload is written from: a moment, a workstation, its person, and the numbers of this round."""

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from soc.demo.world import Server, Workstation, outside_address

TRUE, FALSE, OPEN = "true_positive", "false_positive", "suspicious"


@dataclass(frozen=True, slots=True)
class Scene:
    """One event's circumstances. The same scene always gives the same payload."""

    at: dt.datetime
    desk: Workstation
    server: Server
    number: int

    @property
    def outside(self) -> str:
        """The outside address of this round."""
        return outside_address(self.number)

    @property
    def account(self) -> str:
        """The person's Windows account."""
        return f"HALDEN\\{self.desk.user}"

    @property
    def sha256(self) -> str:
        """A digest that belongs to no file anywhere."""
        return random.Random(f"file {self.number}").randbytes(32).hex()  # noqa: S311 - an invented value

    @property
    def flow(self) -> int:
        """A flow number as sensors give them."""
        return random.Random(f"flow {self.number} {self.at}").randrange(10**14, 10**15)  # noqa: S311 - invented

    def stamp(self, *, zone: str = "Z") -> str:
        """Return the moment in ISO form with milliseconds; `zone` is "Z" or "+0000"."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.at.microsecond // 1000:03d}{zone}"


@dataclass(frozen=True, slots=True)
class Item:
    """One alert to deliver: by which source, what it really is, and the payload in the source's own form."""

    source: str
    kind: str
    truth: str
    at: dt.datetime
    payload: dict[str, Any]
