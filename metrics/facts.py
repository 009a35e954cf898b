"""The rows behind each metric, as SQL: one relation per metric, counted, listed and exported from the same text.

Every relation has the columns
    at           when the row belongs to a period (timestamptz)
    amount       seconds, or 1 and 0 for a share; NULL: it has no end yet, and is counted beside the figure
    split        a key of definitions.SPLITS, or "engine>human" for the verdicts
    object_type  "alert" or "action", with object_id its id
    title        what a source or an agent wrote: hostile text
    detail       a few words of ours
and the parameters teams (uuid[]), since, until, now, containment (text[]). Rows of other teams are never read.
Indexes: alert_list (team, received_at) carries the one large table, feedback_of_alert and one_current_verdict what
hangs on an alert. Alerts are never joined to a set whose size the planner must guess: after a storm, before the next
ANALYZE, it guesses one row and would loop. Votes and people's verdicts are few and hashed.
"""

#: Action types that stop an attack from going on. Undoing ones and look-ups are none (a test checks the names).
CONTAINMENT = (
    "block_ip",
    "block_domain",
    "block_hash",
    "disable_user",
    "reset_password",
    "quarantine_file",
    "isolate_host",
    "wipe_endpoint",
    "revoke_sessions",
)
#: Below this an approval counts as a stamp.
STAMP_SECONDS = 5

_MTTT = """
SELECT a.received_at AS at,
       EXTRACT(EPOCH FROM LEAST(a.triaged_at, h.first_at) - a.received_at)::float8 AS amount,
       CASE WHEN a.triaged_at IS NULL AND h.first_at IS NULL THEN 'waiting'
            WHEN a.triaged_at <= h.first_at OR h.first_at IS NULL THEN 'automatic'
            ELSE 'human' END AS split,
       'alert' AS object_type, a.id AS object_id, a.title, 'triage ' || a.triage_state AS detail
  FROM public.incidents_alert a
       CROSS JOIN LATERAL (SELECT CASE
           WHEN a.id IN (SELECT g.alert_id FROM public.incidents_verdictfeedback g)
           THEN (SELECT min(f.created_at) FROM public.incidents_verdictfeedback f WHERE f.alert_id = a.id)
           END AS first_at) h
 WHERE a.team_id = ANY(%(teams)s) AND a.received_at >= %(since)s AND a.received_at < %(until)s
"""

# Of an alert's containments the first verified one counts; without one, any that is still wanted keeps it open.
_MTTR = """
WITH contained AS (
    SELECT DISTINCT ON (p.alert_id) p.alert_id, p.action_type, p.status, p.ended_at, p.id, v.verified, v.wanted
      FROM public.approvals_pendingaction p
           CROSS JOIN LATERAL (SELECT
               p.status = 'executed' AND p.outcome->'verified' = 'true'::jsonb IS TRUE AS verified,
               p.status IN ('pending', 'approved', 'executing', 'executed', 'unknown', 'failed', 'expired') AS wanted) v
     WHERE p.team_id = ANY(%(teams)s) AND p.action_type = ANY(%(containment)s)
       AND p.alert_id IS NOT NULL AND p.rollback_of_id IS NULL
     ORDER BY p.alert_id, v.verified DESC, v.wanted DESC, CASE WHEN v.verified THEN p.ended_at END, p.created_at
), said AS (
    SELECT DISTINCT ON (alert_id) alert_id, classification
      FROM public.incidents_verdictfeedback ORDER BY alert_id, created_at DESC
)
SELECT a.detected_at AS at,
       CASE WHEN c.verified THEN EXTRACT(EPOCH FROM c.ended_at - a.detected_at)::float8 END AS amount,
       CASE WHEN NOT c.verified THEN 'open' WHEN g.id IS NULL THEN 'human' ELSE 'automatic' END AS split,
       'alert' AS object_type, a.id AS object_id, a.title,
       replace(c.action_type, '_', ' ') || ', ' || c.status AS detail
  FROM contained c JOIN public.incidents_alert a ON a.id = c.alert_id
       LEFT JOIN public.approvals_policyproceeding g ON g.action_id = c.id
       LEFT JOIN said ON said.alert_id = a.id
 WHERE a.team_id = ANY(%(teams)s) AND a.detected_at >= %(since)s AND a.detected_at < %(until)s
   AND CASE WHEN c.verified THEN c.ended_at >= a.detected_at
            ELSE c.wanted AND a.status <> 'closed' AND said.classification IS DISTINCT FROM 'false_positive' END
"""

_AUTOMATION = """
SELECT a.received_at AS at,
       (v.verdict IN ('true_positive', 'false_positive') AND cardinality(v.vetoes) = 0
        AND NOT t.is_touched)::int::float8 AS amount,
       a.severity AS split, 'alert' AS object_type, a.id AS object_id, a.title,
       CASE WHEN t.is_touched THEN 'touched by a person'
            WHEN v.verdict = 'suspicious' THEN 'engine abstained'
            WHEN cardinality(v.vetoes) > 0 THEN 'engine vetoed itself'
            ELSE 'settled by the engine' END AS detail
  FROM public.incidents_alert a
       JOIN public.incidents_triageverdict v ON v.alert_id = a.id AND v.is_current
       CROSS JOIN LATERAL (SELECT
           a.id IN (SELECT f.alert_id FROM public.incidents_verdictfeedback f)
           OR a.id IN (SELECT p.alert_id FROM public.approvals_decision d
                         JOIN public.approvals_pendingaction p ON p.id = d.action_id
                        WHERE p.alert_id IS NOT NULL) AS is_touched) t
 WHERE a.team_id = ANY(%(teams)s) AND a.received_at >= %(since)s AND a.received_at < %(until)s
"""

#: Each alert once, by the last human verdict on an engine's verdict.
_REVIEWED = """
    SELECT DISTINCT ON (f.alert_id) f.created_at AS at, f.alert_id, a.title, v.verdict, f.classification
      FROM public.incidents_verdictfeedback f
           JOIN public.incidents_alert a ON a.id = f.alert_id
           JOIN public.incidents_triageverdict v ON v.id = f.verdict_id
     WHERE a.team_id = ANY(%(teams)s) AND f.created_at < %(until)s
     ORDER BY f.alert_id, f.created_at DESC
"""

_VOTED = "EXISTS (SELECT FROM public.approvals_decision d WHERE d.action_id = p.id AND d.withdrawn_at IS NULL)"

_OVERRIDE = """
SELECT p.decided_at AS at, (p.status = 'rejected' OR b.is_undone)::int::float8 AS amount,
       CASE WHEN p.status = 'rejected' THEN 'rejected' WHEN b.is_undone THEN 'rolled_back'
            ELSE 'confirmed' END AS split,
       'action' AS object_type, p.id AS object_id, p.target_value AS title,
       replace(p.action_type, '_', ' ') || ', ' || p.status AS detail
  FROM public.approvals_pendingaction p
       CROSS JOIN LATERAL (SELECT EXISTS (
           SELECT FROM public.approvals_pendingaction r
            WHERE r.rollback_of_id = p.id AND r.status = 'executed'
              AND r.ended_at <= p.ended_at + interval '24 hours') AS is_undone) b
 WHERE p.team_id = ANY(%(teams)s) AND p.proposer_kind = 'agent'
   AND p.decided_at >= %(since)s AND p.decided_at < %(until)s AND {voted}
UNION ALL
SELECT at, (verdict <> classification)::int::float8,
       CASE WHEN verdict = classification THEN 'verdict_confirmed'
            WHEN verdict = 'suspicious' THEN 'abstention_resolved' ELSE 'verdict_corrected' END,
       'alert', alert_id, title, replace(verdict || ' → ' || classification, '_', ' ')
  FROM ({reviewed}) reviewed WHERE at >= %(since)s
"""

_ACCURACY = """
SELECT at, (verdict = classification)::int::float8 AS amount, verdict || '>' || classification AS split,
       'alert' AS object_type, alert_id AS object_id, title,
       replace('engine ' || verdict || ', person ' || classification, '_', ' ') AS detail
  FROM ({reviewed}) reviewed WHERE at >= %(since)s
"""

_LATENCY = """
SELECT p.created_at AS at,
       CASE WHEN p.status <> 'pending' THEN EXTRACT(EPOCH FROM p.decided_at - p.created_at)::float8 END AS amount,
       p.approval_level AS split, 'action' AS object_type, p.id AS object_id, p.target_value AS title,
       replace(p.action_type, '_', ' ') || ', ' || p.status AS detail
  FROM public.approvals_pendingaction p
 WHERE p.team_id = ANY(%(teams)s) AND p.created_at >= %(since)s AND p.created_at < %(until)s
   AND p.approval_level <> 'none' AND (p.status = 'pending' OR p.decided_at IS NOT NULL AND {voted})
"""

_SLA = """
SELECT p.deadline_at AS at, (w.outcome = 'met')::int::float8 AS amount, w.outcome AS split,
       'action' AS object_type, p.id AS object_id, p.target_value AS title,
       replace(p.action_type, '_', ' ') || ', ' || p.status AS detail
  FROM public.approvals_pendingaction p
       CROSS JOIN LATERAL (SELECT CASE
           WHEN p.decided_at IS NULL AND p.status = 'pending' THEN 'overdue'
           WHEN p.decided_at IS NULL THEN 'lapsed'
           WHEN NOT {voted} THEN 'proceeded'
           WHEN p.decided_at <= p.deadline_at THEN 'met' ELSE 'late' END AS outcome) w
 WHERE p.team_id = ANY(%(teams)s) AND p.deadline_at >= %(since)s AND p.deadline_at < LEAST(%(until)s, %(now)s)
   AND p.status <> 'refused'
   AND NOT (p.decided_at IS NULL AND p.status IN ('cancelled', 'expired') AND p.ended_at < p.deadline_at)
"""

_STAMP = """
SELECT d.at, (w.care <> 'read')::int::float8 AS amount, w.care AS split,
       'action' AS object_type, p.id AS object_id, p.target_value AS title,
       replace(p.action_type, '_', ' ') || ', level ' || replace(p.approval_level, '_', ' ') AS detail
  FROM public.approvals_decision d
       JOIN public.approvals_pendingaction p ON p.id = d.action_id
       CROSS JOIN LATERAL (SELECT CASE WHEN d.seconds_on_evidence IS NULL THEN 'not_opened'
                                       WHEN d.seconds_on_evidence < {stamp_seconds} THEN 'too_fast'
                                       ELSE 'read' END AS care) w
 WHERE p.team_id = ANY(%(teams)s) AND d.decision = 'approve' AND d.at >= %(since)s AND d.at < %(until)s
"""

#: What several relations share, by the name in braces that stands for it.
_PARTS = {
    "{reviewed}": _REVIEWED,
    "{voted}": _VOTED,
    "{stamp_seconds}": str(STAMP_SECONDS),
}


def _whole(text: str) -> str:
    """Return a relation with its parts in place; all of them are texts of this module."""
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return text


FACTS: dict[str, str] = {
    "mttt": _MTTT,
    "mttr": _MTTR,
    "automation_rate": _AUTOMATION,
    "override_rate": _whole(_OVERRIDE),
    "agent_accuracy": _whole(_ACCURACY),
    "decision_latency": _whole(_LATENCY),
    "sla_kept": _whole(_SLA),
    "rubber_stamp": _whole(_STAMP),
}

#: One pass gives the totals, the splits and the days of the period and of the equal one before it.
AGGREGATE = """
SELECT at >= %(start)s AS is_current, split, day, GROUPING(split, day) AS level,
       count(amount) AS n, sum(amount) AS total, avg(amount) AS mean,
       percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY amount) AS percentiles,
       count(*) - count(amount) AS open, min(at) FILTER (WHERE amount IS NULL) AS oldest_open_at
  FROM (SELECT facts.at, facts.amount, facts.split, (facts.at AT TIME ZONE 'UTC')::date AS day
          FROM ({facts}) facts) rows
 GROUP BY GROUPING SETS ((at >= %(start)s), (at >= %(start)s, split), (at >= %(start)s, day))
"""

ROWS = """
SELECT at, amount, split, object_type, object_id, title, detail FROM ({facts}) facts
 ORDER BY at DESC, object_id DESC
"""


def aggregate_sql(key: str) -> str:
    """Return the aggregate over a metric's rows. Raises KeyError for one without rows."""
    return AGGREGATE.replace("{facts}", FACTS[key])


def rows_sql(key: str) -> str:
    """Return the metric's rows, newest first. Raises KeyError for one without rows."""
    return ROWS.replace("{facts}", FACTS[key])
