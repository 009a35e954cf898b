"""Callbacks: an event is a row, written with the move; it is claimed, sent outside any transaction, and recorded.

At least once: whoever dies with a claim leaves it to the next one after the lease, under the same webhook-id.
"""

import datetime as dt
import json
import logging
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.webhook_secrets import SecretUnreadable, signing_keys
from accounts.webhook_signature import signature
from approvals import schemas, selectors
from approvals.clock import database_now
from approvals.models import ActionStatus, CallbackDelivery, CallbackState, PendingAction
from audit.actors import SYSTEM
from audit.services import record
from integrations import kill_points
from integrations.http import OutboundError, Refused, check_url, send

logger = logging.getLogger(__name__)
#: The statuses an agent is told of; what came before them it knows from its own proposal.
TOLD = frozenset(
    {
        ActionStatus.APPROVED,
        ActionStatus.REJECTED,
        ActionStatus.EXECUTED,
        ActionStatus.FAILED,
        ActionStatus.UNKNOWN,
        ActionStatus.EXPIRED,
        ActionStatus.CANCELLED,
    }
)
#: Seconds after each failed attempt; after one more failure it is given up.
BACKOFF_SECONDS = (5, 30, 120, 600, 3600)
MAX_ATTEMPTS = len(BACKOFF_SECONDS) + 1
#: Longer than a request may take with its deadline (integrations/http.py).
LEASE_SECONDS = 30
#: One agent's slow receivers must not keep the others waiting.
IN_FLIGHT_PER_AGENT = 2
BATCH = 20
GONE = 410


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one event once; `attempt` is the fence."""

    delivery_id: int
    attempt: int
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the status where there was an answer, else why there was none."""

    status: int | None
    error: str = ""
    permanent: bool = False

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def why_not(url: str) -> str:
    """Return what is wrong with a callback_url as far as can be said without the network, or an empty string."""
    try:
        check_url(url, settings.CALLBACK_ALLOW)
    except Refused as error:
        return str(error)
    return ""


def enqueue(action: PendingAction) -> None:
    """Write the event of the status that the action has just come to; the caller's transaction holds the move."""
    if not action.callback_url or action.proposer_agent_id is None or action.status not in TOLD:
        return
    if action.callbacks.filter(last_status=GONE).exists():
        return
    event = f"action.{action.status}"
    now = database_now()
    CallbackDelivery.objects.create(
        action=action,
        event=event,
        webhook_id=f"msg_{uuid.uuid4().hex}",
        body=_body_of(action, event, now),
        next_attempt_at=now,
        created_at=now,
    )


def _body_of(action: PendingAction, event: str, now: dt.datetime) -> str:
    """Return the event as ASCII JSON: half a surrogate pair or a NUL in an agent's words stays an escape."""
    current = selectors.of_teams([action.team_id]).get(pk=action.pk)
    data = schemas.action_detail(current, None)
    return json.dumps({"type": event, "timestamp": schemas.when(now), "data": data}, separators=(",", ":"))


def deliver_due() -> int:
    """Send what is due, one after the other; return how many attempts were made."""
    for done in range(BATCH):
        claim = claim_next()
        if claim is None:
            return done
        deliver(claim)
    return BATCH


def deliver(claim: Claim) -> str:
    """Send a claimed event, record how it ended, return the delivery's state."""
    kill_points.reach("callback_claimed")
    outcome = _sent(claim)
    kill_points.reach("callback_sent")
    return finish(claim=claim, outcome=outcome)


def _sent(claim: Claim) -> Outcome:
    try:
        answer = send(
            "POST", claim.url, content=claim.body, headers=claim.headers, allow=settings.CALLBACK_ALLOW, max_bytes=0
        )
    except OutboundError as error:
        return Outcome(None, str(error), permanent=error.permanent)
    words = "" if 200 <= answer.status < 300 else f"The receiver answered {answer.status}."
    if 300 <= answer.status < 400:
        words += " Redirects are not followed."
    if answer.status == GONE:
        words += " It wants no more about this action."
    return Outcome(answer.status, words, permanent=answer.status == GONE)


def claim_next() -> Claim | None:
    """Take the delivery that is due longest under a lease and commit that; None when nothing is due."""
    with transaction.atomic():
        now = database_now()
        row = _due(now).select_for_update(of=("self",), skip_locked=True).first()
        if row is None:
            return None
        if row.attempts >= MAX_ATTEMPTS:
            _end_attempt(row, Outcome(None, "The sender was lost during the last attempt."))
            return None
        row.attempts += 1
        row.lease_until = now + dt.timedelta(seconds=LEASE_SECONDS)
        row.last_attempt_at = now
        row.save(update_fields=["attempts", "lease_until", "last_attempt_at"])
        agent = row.action.proposer_agent
        assert agent is not None  # noqa: S101 - enqueue() writes rows of agents' actions alone
        try:
            keys = signing_keys(agent=agent)
        except SecretUnreadable:
            words = "The agent's webhook secret cannot be read (COUNTERSIGN_SECRET_KEY changed): rotate it."
            _end_attempt(row, Outcome(None, words))
            return None
        return _signed(row, keys, now)


def _due(now: dt.datetime) -> QuerySet[CallbackDelivery]:
    """Return what may be sent now: in an action's order until each was tried once, and not too much of one agent's."""
    waiting = CallbackDelivery.objects.filter(state=CallbackState.PENDING)
    in_flight = Q(lease_until__gt=now)
    earlier = waiting.filter(Q(attempts=0) | in_flight, action=OuterRef("action"), pk__lt=OuterRef("pk"))
    busy = (
        waiting.filter(in_flight)
        .values("action__proposer_agent")
        .annotate(sent=Count("pk"))
        .filter(sent__gte=IN_FLIGHT_PER_AGENT)
        .values("action__proposer_agent")
    )
    return (
        waiting.filter(~in_flight | Q(lease_until=None), ~Exists(earlier), next_attempt_at__lte=now)
        .exclude(action__proposer_agent__in=busy)
        .select_related("action__proposer_agent")
        .order_by("next_attempt_at", "id")
    )


def _signed(row: CallbackDelivery, keys: list[bytes], now: dt.datetime) -> Claim:
    """The time is the attempt's: a receiver refuses what is signed too long ago."""
    body = row.body.encode()
    moment = int(now.timestamp())
    return Claim(
        delivery_id=row.pk,
        attempt=row.attempts,
        url=row.action.callback_url,
        headers={
            "Content-Type": "application/json",
            "webhook-id": row.webhook_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(keys=keys, message_id=row.webhook_id, timestamp=moment, body=body),
        },
        body=body,
    )


def finish(*, claim: Claim, outcome: Outcome) -> str:
    """Record how the attempt ended; return the delivery's state.

    A failure counts only under the newest claim; that it was taken counts whoever says so.
    """
    with transaction.atomic():
        row = (
            CallbackDelivery.objects.select_for_update(of=("self",)).select_related("action").get(pk=claim.delivery_id)
        )
        is_stale = row.attempts != claim.attempt and not outcome.is_delivered
        if row.state == CallbackState.PENDING and not is_stale:
            _end_attempt(row, outcome)
        return row.state


def _end_attempt(row: CallbackDelivery, outcome: Outcome) -> None:
    now = database_now()
    row.lease_until = None
    row.last_status = outcome.status
    row.last_error = outcome.error[:300]
    if outcome.is_delivered:
        row.state = CallbackState.DELIVERED
    elif outcome.permanent or row.attempts >= MAX_ATTEMPTS:
        row.state = CallbackState.FAILED
    else:
        row.next_attempt_at = now + dt.timedelta(seconds=BACKOFF_SECONDS[row.attempts - 1])
    row.ended_at = None if row.state == CallbackState.PENDING else now
    row.save(update_fields=["state", "lease_until", "last_status", "last_error", "next_attempt_at", "ended_at"])
    if row.state == CallbackState.FAILED:
        _record_failure(row)


def _record_failure(row: CallbackDelivery) -> None:
    action = row.action
    record(
        action="approvals.callback.failed",
        actor=SYSTEM,
        object_type="action",
        object_id=str(action.id),
        object_label=f"{action.action_type} {action.target_value}",
        after={"event": row.event, "webhook_id": row.webhook_id, "attempts": row.attempts, "status": row.last_status},
        reason=row.last_error,
        team_id=str(action.team_id),
    )
