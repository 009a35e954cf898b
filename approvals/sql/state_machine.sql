-- The invariants of a pending action, held where no code path can skip them (ADR 3).
-- Plain triggers owned by the owner's role: the serving role can neither alter nor disable them.
-- Every name is schema-qualified and pg_temp comes last, so that a temporary table can shadow nothing.

CREATE TABLE public.approvals_transition (
    src varchar(16) NOT NULL,
    dst varchar(16) NOT NULL,
    PRIMARY KEY (src, dst)
);
INSERT INTO public.approvals_transition (src, dst) VALUES
    ('proposed', 'pending'), ('proposed', 'refused'),
    ('pending', 'approved'), ('pending', 'rejected'), ('pending', 'expired'), ('pending', 'cancelled'),
    ('approved', 'executing'), ('approved', 'pending'), ('approved', 'expired'), ('approved', 'cancelled'),
    ('executing', 'executed'), ('executing', 'failed'), ('executing', 'unknown'),
    ('unknown', 'executed'), ('unknown', 'failed');

-- True while every slot is filled by a distinct, live person who still holds a role of the slot, still works in the
-- team, is not the proposer, and voted for exactly this digest. Zero slots are never a quorum.
-- Role and team rows are read FOR SHARE: a revocation that runs at the same moment waits, or is seen.
CREATE FUNCTION public.approvals_has_quorum(the_action uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    slots integer;
    filled integer;
    people integer;
BEGIN
    PERFORM 1 FROM public.accounts_user u
        WHERE u.id IN (SELECT d.user_id FROM public.approvals_decision d WHERE d.action_id = the_action)
        ORDER BY u.id FOR SHARE;
    PERFORM 1 FROM public.accounts_rolegrant g
        WHERE g.user_id IN (SELECT d.user_id FROM public.approvals_decision d WHERE d.action_id = the_action)
        ORDER BY g.id FOR SHARE;
    PERFORM 1 FROM public.guardian_userobjectpermission p
        WHERE p.user_id IN (SELECT d.user_id FROM public.approvals_decision d WHERE d.action_id = the_action)
        ORDER BY p.id FOR SHARE;
    SELECT count(*) INTO slots FROM public.approvals_approvalslot s WHERE s.action_id = the_action;
    SELECT count(*), count(DISTINCT d.person_id) INTO filled, people
        FROM public.approvals_approvalslot s
        JOIN public.approvals_slotassignment x ON x.slot_id = s.id
        JOIN public.approvals_decision d ON d.id = x.decision_id AND d.action_id = s.action_id
        JOIN public.approvals_pendingaction a ON a.id = s.action_id
        JOIN public.accounts_user u ON u.id = d.user_id
        WHERE s.action_id = the_action
          AND d.decision = 'approve' AND d.withdrawn_at IS NULL AND d.digest = a.digest
          AND u.is_active AND u.person_id = d.person_id
          AND d.person_id IS DISTINCT FROM a.proposer_person_id
          AND EXISTS (SELECT 1 FROM public.accounts_rolegrant g
                      WHERE g.user_id = d.user_id AND g.revoked_at IS NULL AND g.role = ANY (s.roles))
          AND public.approvals_works_in_team(d.user_id, a.team_id);
    RETURN slots > 0 AND filled = slots AND people = slots;
END $$;

CREATE FUNCTION public.approvals_works_in_team(the_user bigint, the_team uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.guardian_userobjectpermission p
        JOIN public.auth_permission q ON q.id = p.permission_id AND q.codename = 'work_in_team'
        JOIN public.django_content_type c
            ON c.id = p.content_type_id AND c.app_label = 'accounts' AND c.model = 'team'
        WHERE p.user_id = the_user AND p.object_pk = the_team::text)
$$;

CREATE FUNCTION public.approvals_may_proceed(the_action uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.approvals_policyproceeding p
        JOIN public.approvals_pendingaction a ON a.id = p.action_id
        WHERE a.id = the_action AND p.policy_version_id = a.policy_version_id
          AND a.approval_level IN ('none', 'optional')
          AND (a.approval_level = 'none' OR a.deadline_at <= clock_timestamp())
          AND NOT EXISTS (SELECT 1 FROM public.approvals_decision d
                          WHERE d.action_id = a.id AND d.decision = 'reject' AND d.withdrawn_at IS NULL))
$$;

CREATE FUNCTION public.approvals_rank(the_level text) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT array_position(ARRAY['none', 'optional', 'recommended', 'required', 'dual_required'], the_level)
$$;

-- The loosest level that the policy allows: that of the strictest rule that matches, and dual where none does.
CREATE FUNCTION public.approvals_least_level(the_version integer, the_type text, facts jsonb) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((
        SELECT r.level::text FROM public.approvals_policyrule r
        WHERE r.version_id = the_version AND r.action_type IN ('', the_type)
          AND r.criticality IN ('', coalesce(facts ->> 'criticality', ''))
          AND r.asset_class IN ('', coalesce(facts ->> 'asset_class', ''))
        ORDER BY public.approvals_rank(r.level) DESC LIMIT 1), 'dual_required')
$$;

CREATE FUNCTION public.approvals_guard_action() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'proposed' OR NEW.fence <> 0 OR NEW.revision <> 1 THEN
            RAISE EXCEPTION 'CS001 an action starts as proposed' USING ERRCODE = 'check_violation';
        END IF;
        IF public.approvals_rank(NEW.approval_level) < public.approvals_rank(
            public.approvals_least_level(NEW.policy_version_id, NEW.action_type, NEW.preconditions))
           OR NOT EXISTS (SELECT 1 FROM public.approvals_policyversion v
                          WHERE v.version = NEW.policy_version_id AND v.is_current) THEN
            RAISE EXCEPTION 'CS015 the policy in force asks for more agreement' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF ROW(NEW.id, NEW.team_id, NEW.action_type, NEW.target_type, NEW.target_value, NEW.params, NEW.preconditions,
           NEW.canonical, NEW.policy_version_id, NEW.policy_rule_id, NEW.approval_level, NEW.level_reasons,
           NEW.at_deadline, NEW.deadline_at, NEW.expires_at, NEW.proposer_kind, NEW.proposer_agent_id,
           NEW.proposer_user_id, NEW.proposer_person_id, NEW.reasoning, NEW.confidence, NEW.evidence,
           NEW.rollback_plan, NEW.alert_id, NEW.rollback_of_id, NEW.callback_url, NEW.idempotency_key,
           NEW.request_sha256, NEW.created_at, NEW.guardrails)
       IS DISTINCT FROM
       ROW(OLD.id, OLD.team_id, OLD.action_type, OLD.target_type, OLD.target_value, OLD.params, OLD.preconditions,
           OLD.canonical, OLD.policy_version_id, OLD.policy_rule_id, OLD.approval_level, OLD.level_reasons,
           OLD.at_deadline, OLD.deadline_at, OLD.expires_at, OLD.proposer_kind, OLD.proposer_agent_id,
           OLD.proposer_user_id, OLD.proposer_person_id, OLD.reasoning, OLD.confidence, OLD.evidence,
           OLD.rollback_plan, OLD.alert_id, OLD.rollback_of_id, OLD.callback_url, OLD.idempotency_key,
           OLD.request_sha256, OLD.created_at, OLD.guardrails) THEN
        RAISE EXCEPTION 'CS002 what was proposed never changes' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status IN ('executed', 'failed', 'rejected', 'expired', 'cancelled', 'refused') THEN
        RAISE EXCEPTION 'CS003 % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.fence < OLD.fence OR (NEW.fence > OLD.fence AND NOT (OLD.status = 'approved' AND NEW.status = 'executing')) THEN
        RAISE EXCEPTION 'CS004 the fence only rises, and only at a claim' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status <> OLD.status THEN
        PERFORM public.approvals_check_move(OLD, NEW);
    END IF;
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;

CREATE FUNCTION public.approvals_check_move(old_row public.approvals_pendingaction, new_row public.approvals_pendingaction)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.approvals_transition t WHERE t.src = old_row.status AND t.dst = new_row.status) THEN
        RAISE EXCEPTION 'CS005 no move from % to %', old_row.status, new_row.status USING ERRCODE = 'check_violation';
    END IF;
    IF new_row.status = 'pending'
       AND (SELECT count(*) FROM public.approvals_approvalslot s WHERE s.action_id = new_row.id)
           < (CASE new_row.approval_level WHEN 'none' THEN 0 WHEN 'dual_required' THEN 2 ELSE 1 END) THEN
        RAISE EXCEPTION 'CS006 a level that needs people needs slots' USING ERRCODE = 'check_violation';
    END IF;
    IF new_row.status = 'expired' AND new_row.expires_at > clock_timestamp() THEN
        RAISE EXCEPTION 'CS007 not expired yet' USING ERRCODE = 'check_violation';
    END IF;
    IF new_row.status IN ('approved', 'executing') THEN
        -- The stricter of pinned and current policy wins: more agreement than was asked for is asked for anew.
        IF public.approvals_rank(new_row.approval_level) < public.approvals_rank(public.approvals_least_level(
            (SELECT v.version FROM public.approvals_policyversion v WHERE v.is_current),
            new_row.action_type, new_row.preconditions)) THEN
            RAISE EXCEPTION 'CS014 the policy is stricter by now' USING ERRCODE = 'check_violation';
        END IF;
        IF new_row.expires_at <= clock_timestamp() THEN
            RAISE EXCEPTION 'CS008 expired' USING ERRCODE = 'check_violation';
        END IF;
        IF NOT (public.approvals_has_quorum(new_row.id) OR public.approvals_may_proceed(new_row.id)) THEN
            RAISE EXCEPTION 'CS009 no live quorum' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF new_row.status = 'executing' THEN
        IF new_row.fence <> old_row.fence + 1 OR NOT EXISTS (
            SELECT 1 FROM public.approvals_attempt t
            WHERE t.action_id = new_row.id AND t.fence = new_row.fence AND t.state = 'dispatching'
              AND t.digest = old_row.digest) THEN  -- NEW of a generated column is not computed yet
            RAISE EXCEPTION 'CS010 a claim needs its attempt' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF new_row.status = 'executed' AND NOT EXISTS (
        SELECT 1 FROM public.approvals_attempt t
        WHERE t.action_id = new_row.id AND t.fence = new_row.fence AND t.state = 'succeeded') THEN
        RAISE EXCEPTION 'CS011 executed needs an attempt that succeeded' USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE TRIGGER approvals_guard_action BEFORE INSERT OR UPDATE ON public.approvals_pendingaction
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_action();

-- A vote takes the action's row lock here, so that no code path can skip it.
CREATE FUNCTION public.approvals_guard_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    action public.approvals_pendingaction;
    voter public.accounts_user;
BEGIN
    SELECT * INTO action FROM public.approvals_pendingaction a
        WHERE a.id = CASE TG_OP WHEN 'INSERT' THEN NEW.action_id ELSE OLD.action_id END FOR UPDATE;
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(NEW) - 'withdrawn_at') <> (to_jsonb(OLD) - 'withdrawn_at')
           OR OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL THEN
            RAISE EXCEPTION 'CS020 a vote can only be withdrawn, once' USING ERRCODE = 'check_violation';
        END IF;
        IF action.status NOT IN ('pending', 'approved') THEN
            RAISE EXCEPTION 'CS021 too late to withdraw' USING ERRCODE = 'check_violation';
        END IF;
        NEW.withdrawn_at := clock_timestamp();
        RETURN NEW;
    END IF;
    SELECT * INTO voter FROM public.accounts_user u WHERE u.id = NEW.user_id FOR SHARE;
    IF action.status <> 'pending' OR action.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'CS022 the action does not wait for votes' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.digest <> action.digest THEN
        RAISE EXCEPTION 'CS023 the vote is for something else' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT voter.is_active OR voter.person_id <> NEW.person_id OR NEW.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'CS024 no such voter' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.person_id = action.proposer_person_id THEN
        RAISE EXCEPTION 'CS025 nobody decides what they proposed' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT public.approvals_works_in_team(NEW.user_id, action.team_id) THEN
        RAISE EXCEPTION 'CS026 not of this team' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM 1 FROM public.accounts_rolegrant g WHERE g.user_id = NEW.user_id ORDER BY g.id FOR SHARE;
    NEW.roles := ARRAY(SELECT g.role::varchar(32) FROM public.accounts_rolegrant g
                       WHERE g.user_id = NEW.user_id AND g.revoked_at IS NULL ORDER BY g.role);
    IF NOT (NEW.role = ANY (NEW.roles)) OR NOT EXISTS (
        SELECT 1 FROM public.approvals_approvalslot s WHERE s.action_id = action.id AND NEW.role = ANY (s.roles)) THEN
        RAISE EXCEPTION 'CS027 no role that decides this' USING ERRCODE = 'check_violation';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_decision BEFORE INSERT OR UPDATE ON public.approvals_decision
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_decision();

-- Slots are made with the action and never change; a vote fills a slot of its own action, with a role of that slot.
CREATE FUNCTION public.approvals_guard_slot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR cardinality(NEW.roles) = 0 OR NOT EXISTS (
        SELECT 1 FROM public.approvals_pendingaction a WHERE a.id = NEW.action_id AND a.status = 'proposed') THEN
        RAISE EXCEPTION 'CS030 slots are made with the action' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_slot BEFORE INSERT OR UPDATE OR DELETE ON public.approvals_approvalslot
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_slot();

CREATE FUNCTION public.approvals_guard_assignment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    the_status text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT 1 FROM public.approvals_decision d
                       WHERE d.id = OLD.decision_id AND d.withdrawn_at IS NOT NULL) THEN
            RAISE EXCEPTION 'CS032 only a withdrawn vote leaves its slot' USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    END IF;
    SELECT a.status INTO the_status FROM public.approvals_approvalslot s
        JOIN public.approvals_decision d ON d.id = NEW.decision_id AND d.action_id = s.action_id
        JOIN public.approvals_pendingaction a ON a.id = s.action_id
        WHERE s.id = NEW.slot_id AND d.decision = 'approve' AND d.withdrawn_at IS NULL AND d.roles && s.roles;
    IF the_status IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'CS031 this vote cannot fill this slot' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_assignment BEFORE INSERT OR UPDATE OR DELETE ON public.approvals_slotassignment
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_assignment();

-- The policy proceeds only where it may, judged by this clock.
CREATE FUNCTION public.approvals_guard_proceeding() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    action public.approvals_pendingaction;
BEGIN
    SELECT * INTO action FROM public.approvals_pendingaction a WHERE a.id = NEW.action_id FOR UPDATE;
    IF TG_OP <> 'INSERT' OR action.status <> 'pending' OR action.approval_level NOT IN ('none', 'optional')
       OR (action.approval_level = 'optional' AND action.deadline_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'CS040 the policy does not let this proceed' USING ERRCODE = 'check_violation';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_proceeding BEFORE INSERT OR UPDATE ON public.approvals_policyproceeding
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_proceeding();

-- An attempt is opened once and ended once.
CREATE FUNCTION public.approvals_guard_attempt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'dispatching' OR NOT EXISTS (
            SELECT 1 FROM public.approvals_pendingaction a WHERE a.id = NEW.action_id AND a.status = 'approved') THEN
            RAISE EXCEPTION 'CS050 an attempt opens at the claim of an approved action' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF ROW(NEW.action_id, NEW.fence, NEW.connector, NEW.digest, NEW.started_at)
       IS DISTINCT FROM ROW(OLD.action_id, OLD.fence, OLD.connector, OLD.digest, OLD.started_at)
       OR NOT (OLD.state = 'dispatching' OR (OLD.state = 'unknown' AND NEW.state IN ('succeeded', 'failed'))) THEN
        RAISE EXCEPTION 'CS051 an attempt ends once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_attempt BEFORE INSERT OR UPDATE ON public.approvals_attempt
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_attempt();

-- A published policy version is history: only which one is current may change.
CREATE FUNCTION public.approvals_guard_policy() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'approvals_policyversion' AND TG_OP = 'UPDATE'
       AND (to_jsonb(NEW) - 'is_current') = (to_jsonb(OLD) - 'is_current') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'CS060 a published policy never changes: publish a new version' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER approvals_guard_policy BEFORE UPDATE OR DELETE ON public.approvals_policyversion
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_policy();
CREATE TRIGGER approvals_guard_policy BEFORE UPDATE OR DELETE ON public.approvals_policyrule
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_policy();

-- For the triggers above; nobody else has a use for them.
REVOKE EXECUTE ON FUNCTION public.approvals_works_in_team(bigint, uuid),
    public.approvals_least_level(integer, text, jsonb) FROM PUBLIC;
