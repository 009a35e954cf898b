"""The state machine and its locks, in plain SQL (ADR 3)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql" / "state_machine.sql"

REVERSE = """
DROP TRIGGER approvals_guard_policy ON public.approvals_policyrule;
DROP TRIGGER approvals_guard_policy ON public.approvals_policyversion;
DROP TRIGGER approvals_guard_attempt ON public.approvals_attempt;
DROP TRIGGER approvals_guard_proceeding ON public.approvals_policyproceeding;
DROP TRIGGER approvals_guard_assignment ON public.approvals_slotassignment;
DROP TRIGGER approvals_guard_slot ON public.approvals_approvalslot;
DROP TRIGGER approvals_guard_decision ON public.approvals_decision;
DROP TRIGGER approvals_guard_action ON public.approvals_pendingaction;
DROP FUNCTION public.approvals_guard_policy();
DROP FUNCTION public.approvals_guard_attempt();
DROP FUNCTION public.approvals_guard_proceeding();
DROP FUNCTION public.approvals_guard_assignment();
DROP FUNCTION public.approvals_guard_slot();
DROP FUNCTION public.approvals_guard_decision();
DROP FUNCTION public.approvals_guard_action();
DROP FUNCTION public.approvals_check_move(public.approvals_pendingaction, public.approvals_pendingaction);
DROP FUNCTION public.approvals_least_level(integer, text, jsonb);
DROP FUNCTION public.approvals_rank(text);
DROP FUNCTION public.approvals_may_proceed(uuid);
DROP FUNCTION public.approvals_has_quorum(uuid);
DROP FUNCTION public.approvals_works_in_team(bigint, uuid);
DROP TABLE public.approvals_transition;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0001_initial"),
        ("guardian", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"), REVERSE)]
