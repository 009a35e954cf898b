-- Stops and freezes: one entitled person narrows at once, two lift; and no claim slips past a stop.
-- The advisory lock: a claim takes it shared until it commits, a stop takes it alone. So every claim is either committed
-- before the stop is stored, or made after it and sees it. approvals/models/control.py has the same number.

-- True while the account is live, belongs to this person, and holds a role that may set and lift this kind of stop.
CREATE FUNCTION public.approvals_may_control(the_user bigint, the_person uuid, the_kind text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.accounts_user u WHERE u.id = the_user FOR SHARE;
    PERFORM 1 FROM public.accounts_rolegrant g WHERE g.user_id = the_user ORDER BY g.id FOR SHARE;
    RETURN EXISTS (
        SELECT 1 FROM public.accounts_user u
        JOIN public.accounts_rolegrant g ON g.user_id = u.id AND g.revoked_at IS NULL
        WHERE u.id = the_user AND u.is_active AND u.person_id = the_person
          AND (g.role IN ('soc_lead', 'incident_commander', 'admin')
               OR (the_kind = 'kill_switch' AND g.role = 'senior_analyst')));
END $$;

CREATE FUNCTION public.approvals_guard_stop() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    lift_columns text[] := ARRAY['revision', 'lift_requested_by_id', 'lift_requested_person_id', 'lift_requested_at',
                                 'lift_reason', 'lifted_by_id', 'lifted_person_id', 'lifted_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'CS070 a stop stays on record' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_catalog.pg_advisory_xact_lock(7305174400021);
        IF NEW.lift_requested_at IS NOT NULL OR NEW.lifted_at IS NOT NULL OR NEW.revision <> 1 THEN
            RAISE EXCEPTION 'CS071 a stop begins in force' USING ERRCODE = 'check_violation';
        END IF;
        IF NOT public.approvals_may_control(NEW.set_by_id, NEW.set_by_person_id, NEW.kind) THEN
            RAISE EXCEPTION 'CS072 no role that stops' USING ERRCODE = 'check_violation';
        END IF;
        NEW.set_at := clock_timestamp();
        NEW.starts_at := GREATEST(NEW.starts_at, CASE NEW.kind WHEN 'change_freeze' THEN NEW.set_at END);
        IF EXISTS (
            SELECT 1 FROM public.approvals_stop s
            WHERE s.kind = NEW.kind AND s.scope = NEW.scope AND s.key = NEW.key AND s.lifted_at IS NULL
              AND (s.ends_at IS NULL OR (s.ends_at > NEW.starts_at AND s.starts_at < NEW.ends_at))) THEN
            RAISE EXCEPTION 'CS073 this is stopped already' USING ERRCODE = 'unique_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - lift_columns IS DISTINCT FROM to_jsonb(OLD) - lift_columns THEN
        RAISE EXCEPTION 'CS074 only lifting changes a stop' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.lifted_at IS NOT NULL THEN
        RAISE EXCEPTION 'CS075 it was lifted already' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM public.approvals_check_lift(OLD, NEW);
    IF NEW.lifted_at IS NOT NULL THEN
        NEW.lifted_at := clock_timestamp();
    ELSIF NEW.lift_requested_at IS NOT NULL THEN
        NEW.lift_requested_at := clock_timestamp();
    END IF;
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;

-- A request is made, taken back, or confirmed as it stood by somebody else; both people must be entitled then.
CREATE FUNCTION public.approvals_check_lift(old_row public.approvals_stop, new_row public.approvals_stop)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF new_row.lifted_at IS NULL THEN
        IF (old_row.lift_requested_at IS NULL) = (new_row.lift_requested_at IS NULL) THEN
            RAISE EXCEPTION 'CS076 a request is made or taken back' USING ERRCODE = 'check_violation';
        END IF;
        IF new_row.lift_requested_at IS NOT NULL AND NOT public.approvals_may_control(
            new_row.lift_requested_by_id, new_row.lift_requested_person_id, new_row.kind) THEN
            RAISE EXCEPTION 'CS077 no role that asks to lift' USING ERRCODE = 'check_violation';
        END IF;
        RETURN;
    END IF;
    IF old_row.lift_requested_at IS NULL
       OR ROW(new_row.lift_requested_by_id, new_row.lift_requested_person_id, new_row.lift_requested_at,
              new_row.lift_reason)
          IS DISTINCT FROM
          ROW(old_row.lift_requested_by_id, old_row.lift_requested_person_id, old_row.lift_requested_at,
              old_row.lift_reason) THEN
        RAISE EXCEPTION 'CS078 lifting needs the request that was made' USING ERRCODE = 'check_violation';
    END IF;
    IF new_row.lifted_person_id IS NOT DISTINCT FROM old_row.lift_requested_person_id THEN
        RAISE EXCEPTION 'CS079 two people lift' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT public.approvals_may_control(new_row.lifted_by_id, new_row.lifted_person_id, new_row.kind)
       OR NOT public.approvals_may_control(old_row.lift_requested_by_id, old_row.lift_requested_person_id,
                                           old_row.kind) THEN
        RAISE EXCEPTION 'CS080 both must hold a role that lifts' USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE TRIGGER approvals_guard_stop BEFORE INSERT OR UPDATE OR DELETE ON public.approvals_stop
    FOR EACH ROW EXECUTE FUNCTION public.approvals_guard_stop();

-- True while a stop of this kind covers the action, done by this connector.
CREATE FUNCTION public.approvals_is_stopped(the_action uuid, the_connector text, the_kind text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_one boolean;
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock_shared(7305174400021);
    -- A statement of its own: its snapshot is taken after the lock was granted.
    SELECT EXISTS (
        SELECT 1 FROM public.approvals_stop s
        JOIN public.approvals_pendingaction a ON a.id = the_action
        WHERE s.kind = the_kind AND s.lifted_at IS NULL
          AND (s.starts_at IS NULL OR s.starts_at <= clock_timestamp())
          AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())
          AND (s.scope = 'all'
               OR (s.scope = 'agent' AND s.key = a.proposer_agent_id::text)
               OR (s.scope = 'action_type' AND s.key = a.action_type)
               OR (s.scope = 'connector' AND s.key = the_connector))) INTO found_one;
    RETURN found_one;
END $$;

-- A trigger of its own beside approvals_guard_action: the claim's last check, whatever the application did before it.
CREATE FUNCTION public.approvals_guard_claim() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    the_connector text;
BEGIN
    SELECT t.connector INTO the_connector FROM public.approvals_attempt t
        WHERE t.action_id = NEW.id AND t.fence = NEW.fence;
    IF public.approvals_is_stopped(NEW.id, the_connector, 'kill_switch') THEN
        RAISE EXCEPTION 'CS012 stopped' USING ERRCODE = 'check_violation';
    END IF;
    IF public.approvals_is_stopped(NEW.id, the_connector, 'change_freeze') THEN
        IF NOT public.approvals_has_quorum(NEW.id) THEN
            RAISE EXCEPTION 'CS013 frozen, and nobody approved it' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_guard_claim BEFORE UPDATE ON public.approvals_pendingaction
    FOR EACH ROW WHEN (NEW.status = 'executing' AND OLD.status <> 'executing')
    EXECUTE FUNCTION public.approvals_guard_claim();
