"""Publish policy version 1: the table of a new installation (approvals/policy.py: default_rules)."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from approvals.policy import default_rules


def publish(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Insert the version and its rules."""
    version = apps.get_model("approvals", "PolicyVersion").objects.create(
        version=1, summary="The defaults of a new installation", published_by="Countersign", is_current=True
    )
    rule = apps.get_model("approvals", "PolicyRule")
    rule.objects.bulk_create(
        rule(
            version=version,
            action_type=row.action_type,
            criticality=row.criticality,
            asset_class=row.asset_class,
            level=row.level,
            slots=[{"role": role, "roles": list(roles)} for role, roles in row.slots],
            deadline_seconds=row.deadline_seconds,
            at_deadline=row.at_deadline,
            expires_seconds=row.expires_seconds,
            note=row.note,
        )
        for row in default_rules()
    )


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_state_machine")]
    # Not reversible by hand: the trigger of 0002 refuses DELETE; dropping the tables (0001) removes it.
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
