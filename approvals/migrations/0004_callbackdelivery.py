"""Callbacks on their way to agents, and where each stands."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_first_policy"),
    ]

    operations = [
        migrations.CreateModel(
            name="CallbackDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event", models.CharField(max_length=32)),
                ("webhook_id", models.CharField(max_length=64, unique=True)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("delivered", "Delivered"), ("failed", "Failed")],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("last_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("last_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "action",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to="approvals.pendingaction",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")), fields=["next_attempt_at", "id"], name="callback_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("state", "pending")),
                            models.Q(models.Q(("state", "pending"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_callback_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "pending"), ("lease_until", None), _connector="OR"),
                        name="only_waiting_callbacks_are_leased",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "delivered"), _negated=True),
                            models.Q(("last_status__gte", 200), ("last_status__lte", 299)),
                            _connector="OR",
                        ),
                        name="delivered_means_a_2xx",
                    ),
                ],
            },
        ),
    ]
