"""What every connector offers: perform an effect once, say whether one happened, read the world."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Ending(StrEnum):
    """How a call ended. AMBIGUOUS: the effect may or may not have happened."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class EffectRequest:
    """One effect to perform: canonical values only, and the key under which it happens at most once."""

    idempotency_key: str
    action_type: str
    target_type: str
    target_value: str
    params: dict[str, Any] = field(default_factory=dict)
    #: Whose estate it is (the team's id): one team's blocks are not another's to see or lift.
    scope: str = ""


@dataclass(frozen=True, slots=True)
class CallResult:
    """A connector's answer; `response` is kept on the attempt, `detail` is one sentence for people."""

    ending: Ending
    detail: str
    response: dict[str, Any] = field(default_factory=dict)


class Presence(StrEnum):
    """What a look-up by key found. ABSENT is final: the connector will refuse the key from now on."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Connector(Protocol):
    """A system outside that performs effects. No method retries; each has its own timeout below the lease."""

    key: str
    label: str
    action_types: frozenset[str]

    def perform(self, request: EffectRequest) -> CallResult:
        """Perform the effect once and say how the call ended. Never raises."""
        ...

    def lookup(self, request: EffectRequest) -> Presence:
        """Say whether the effect of this key happened."""
        ...

    def verify(self, request: EffectRequest) -> bool | None:
        """Read the world: is the effect in force? None where that cannot be asked."""
        ...
