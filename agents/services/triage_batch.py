"""Triage of one batch: claim, read in bulk, judge in memory, store everything in one transaction."""

import logging
import uuid
from functools import partial

from agents.statistics.learnt import learnt
from agents.statistics.observations import observations
from agents.statistics.pairs import record_for, save
from agents.triage.engine import triage
from agents.triage.observation import Observation
from agents.triage.record import Record
from agents.triage.verdict import ENGINE, Factor, Verdict
from agents.triage.wording import clipped, weightiest
from incidents.models import Alert
from incidents.services.triage import BatchClaim, StaleFence, VerdictDraft, claim_batch, fail_batch, store_verdicts

logger = logging.getLogger(__name__)


def triage_batch(*, batch_id: uuid.UUID) -> int:
    """Triage the batch if it is its turn; return the number of verdicts stored, 0 when there was nothing to do.

    Safe to call twice: the second call finds the batch claimed or done, and a worker whose lease ran out stores
    nothing. An error gives the batch back (failed after the third attempt) and is raised.
    """
    claim = claim_batch(batch_id=batch_id)
    if claim is None:
        return 0
    try:
        return _triage(claim)
    except StaleFence as error:
        logger.info("triage.lost_lease", extra={"batch": str(batch_id), "reason": str(error)})
        return 0
    except Exception as error:
        _give_back(claim, error)
        raise


def _triage(claim: BatchClaim) -> int:
    team_id = claim.batch.source.team_id
    ids = list(Alert.objects.filter(batch=claim.batch).values_list("id", flat=True))
    batch = observations(ids)
    record = record_for(team_id, learnt(team_id), batch)
    drafts = [_draft(seen, record) for seen in batch]
    return store_verdicts(
        batch=claim.batch, fence=claim.fence, verdicts=drafts, alongside=partial(save, team_id, record, batch)
    )


def _give_back(claim: BatchClaim, error: Exception) -> None:
    try:
        fail_batch(batch=claim.batch, fence=claim.fence, error=f"{type(error).__name__}: {clipped(str(error), 200)}")
    except StaleFence:
        logger.info("triage.lost_lease", extra={"batch": str(claim.batch.id)})


def _draft(seen: Observation, record: Record) -> VerdictDraft:
    verdict = triage(seen, record)
    return VerdictDraft(
        alert_id=uuid.UUID(seen.ref),
        engine=ENGINE,
        verdict=verdict.verdict,
        severity=verdict.severity,
        probability=verdict.probability,
        confidence=verdict.confidence,
        reasoning=verdict.reasoning,
        techniques=list(verdict.techniques),
        evidence=[_evidence(factor) for factor in _cited_first(verdict)],
        recommended_actions=[
            {
                "type": action.type,
                "target": {"type": action.target_type, "value": action.target_value},
                "why": action.why,
            }
            for action in verdict.actions
        ],
        enrichment_needed=list(verdict.enrichment_needed),
        vetoes=[veto[:120] for veto in verdict.vetoes],
    )


def _cited_first(verdict: Verdict) -> list[Factor]:
    """Return the factors in the order of the reasoning's [1], [2]…, then the rest: their sum is the score."""
    cited = weightiest(verdict.factors)
    return [*cited, *(factor for factor in verdict.factors if factor not in cited)]


def _evidence(factor: Factor) -> dict[str, object]:
    return {
        "name": factor.name,
        "claim": factor.claim,
        "source": factor.source,
        "ref": factor.ref,
        "value": round(factor.value, 4),
        "weight": round(factor.weight, 4),
    }
