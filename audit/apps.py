"""The audit record: knows nobody, is known by all."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from audit import audit_actions  # noqa: F401 - registers on import
from audit.privileges import grant


class AuditConfig(AppConfig):
    """Registers the app's own actions, and its grants after every migrate."""

    name = "audit"

    def ready(self) -> None:
        post_migrate.connect(grant, sender=self, dispatch_uid="audit.privileges.grant")
