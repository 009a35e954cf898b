"""The composition root as a Django app: grants after every migrate, system checks."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from audit.checkpoints import write_due
from live.sweep import register
from soc import checks  # noqa: F401 - registers itself
from soc.privileges import grant


class SocConfig(AppConfig):
    """Last in INSTALLED_APPS: its post_migrate comes when every table is there."""

    name = "soc"

    def ready(self) -> None:
        from soc.estate_scope import register_scope  # noqa: PLC0415 - models are loaded now, not before

        register_scope()
        # audit and live are siblings and may not import each other: the root introduces them.
        register("audit.write_checkpoint", 10, write_due)
        post_migrate.connect(grant, sender=self, dispatch_uid="soc.privileges.grant")
