"""Stops and freezes: the rows, and in plain SQL who may set and lift them and what they keep from running."""

import uuid
from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql" / "control.sql"

REVERSE = """
DROP TRIGGER approvals_guard_claim ON public.approvals_pendingaction;
DROP TRIGGER approvals_guard_stop ON public.approvals_stop;
DROP FUNCTION public.approvals_guard_claim();
DROP FUNCTION public.approvals_is_stopped(uuid, text, text);
DROP FUNCTION public.approvals_guard_stop();
DROP FUNCTION public.approvals_check_lift(public.approvals_stop, public.approvals_stop);
DROP FUNCTION public.approvals_may_control(bigint, uuid, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("approvals", "0004_callbackdelivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stop",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("kill_switch", "Kill switch"), ("change_freeze", "Change freeze")], max_length=16
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("all", "Everything"),
                            ("agent", "One agent"),
                            ("action_type", "One action type"),
                            ("connector", "One connector"),
                        ],
                        max_length=16,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=64)),
                ("label", models.CharField(blank=True, max_length=120)),
                ("reason", models.CharField(max_length=1000)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("set_by_person_id", models.UUIDField()),
                ("set_at", models.DateTimeField()),
                ("lift_requested_person_id", models.UUIDField(blank=True, null=True)),
                ("lift_requested_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=1000)),
                ("lifted_person_id", models.UUIDField(blank=True, null=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("revision", models.IntegerField(default=1)),
                (
                    "lift_requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("lifted_at", None)), fields=["-set_at", "-id"], name="stop_active")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "kill_switch"), ("lifted_at", None)),
                        fields=("scope", "key"),
                        name="one_active_kill_switch",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("key", ""), ("scope", "all")),
                            models.Q(models.Q(("scope", "all"), _negated=True), models.Q(("key", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_stop_names_what_it_stops",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "agent"), ("team__isnull", False)),
                            models.Q(models.Q(("scope", "agent"), _negated=True), ("team", None)),
                            _connector="OR",
                        ),
                        name="only_agents_have_a_team",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_stop_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at", None), ("kind", "kill_switch"), ("starts_at", None)),
                            models.Q(
                                ("ends_at__gt", models.F("starts_at")),
                                ("kind", "change_freeze"),
                                ("starts_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_freeze_ends_a_kill_switch_does_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lift_reason", ""),
                                ("lift_requested_at", None),
                                ("lift_requested_by", None),
                                ("lift_requested_person_id", None),
                            ),
                            models.Q(
                                ("lift_requested_at__isnull", False),
                                ("lift_requested_by__isnull", False),
                                ("lift_requested_person_id__isnull", False),
                                models.Q(("lift_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_lift_request_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at", None), ("lifted_by", None), ("lifted_person_id", None)),
                            models.Q(
                                ("lift_requested_at__isnull", False),
                                ("lifted_at__isnull", False),
                                ("lifted_by__isnull", False),
                                ("lifted_person_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_lift_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lifted_person_id", None),
                            models.Q(("lifted_person_id", models.F("lift_requested_person_id")), _negated=True),
                            _connector="OR",
                        ),
                        name="two_people_lift",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8"), REVERSE),
    ]
