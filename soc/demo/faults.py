"""What would be wrong with a record of actions: the state machine's rules, asked of rows instead of moves."""

from django.db import connection

_RULES = {
    "approved or executed without a live quorum or the policy's row": """
        SELECT a.id FROM public.approvals_pendingaction a
         WHERE a.status IN ('approved', 'executing', 'executed', 'failed', 'unknown')
           AND NOT (public.approvals_has_quorum(a.id) OR public.approvals_may_proceed(a.id))""",
    "executed without exactly one attempt that succeeded": """
        SELECT a.id FROM public.approvals_pendingaction a WHERE a.status = 'executed' AND 1 <> (
            SELECT count(*) FROM public.approvals_attempt t
             WHERE t.action_id = a.id AND t.state = 'succeeded' AND t.fence = a.fence AND t.digest = a.digest)""",
    "ended without a time, or waiting with one": """
        SELECT a.id FROM public.approvals_pendingaction a
         WHERE (a.ended_at IS NOT NULL) <>
               (a.status IN ('executed', 'failed', 'rejected', 'expired', 'cancelled'))""",
    "rejected without a vote against it": """
        SELECT a.id FROM public.approvals_pendingaction a WHERE a.status = 'rejected' AND NOT EXISTS (
            SELECT 1 FROM public.approvals_decision d WHERE d.action_id = a.id AND d.decision = 'reject')""",
    "expired before its time": """
        SELECT a.id FROM public.approvals_pendingaction a WHERE a.status = 'expired' AND a.ended_at < a.expires_at""",
    "decided after its expiry or before its proposal": """
        SELECT d.action_id FROM public.approvals_decision d JOIN public.approvals_pendingaction a ON a.id = d.action_id
         WHERE d.at < a.created_at OR d.at > a.expires_at OR d.digest <> a.digest
            OR d.person_id IS NOT DISTINCT FROM a.proposer_person_id OR NOT (d.role = ANY (d.roles))""",
    "proceeded before its deadline": """
        SELECT a.id FROM public.approvals_policyproceeding p JOIN public.approvals_pendingaction a ON a.id = p.action_id
         WHERE a.approval_level NOT IN ('none', 'optional')
            OR (a.approval_level = 'optional' AND p.at < a.deadline_at)""",
    "waits for people and names none": """
        SELECT a.id FROM public.approvals_pendingaction a WHERE a.status = 'pending' AND a.approval_level <> 'none'
           AND NOT EXISTS (SELECT 1 FROM public.approvals_approvalslot s WHERE s.action_id = a.id)""",
    "in time's wrong order": """
        SELECT t.action_id FROM public.approvals_attempt t JOIN public.approvals_pendingaction a ON a.id = t.action_id
         WHERE t.started_at < a.decided_at OR t.ended_at < t.started_at OR a.decided_at < a.created_at""",
    "counted otherwise than held": """
        SELECT c.id FROM public.approvals_blastcounter c WHERE c.in_use <> (
            SELECT count(*) FROM public.approvals_blasthold h WHERE h.counter_id = c.id AND h.released_at IS NULL)""",
}


def faults() -> list[str]:
    """Return one line for each broken rule and row; an empty list for a sound record."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for words, query in _RULES.items():
            cursor.execute(query)
            found += [f"{row[0]}: {words}" for row in cursor.fetchall()]
    return found
