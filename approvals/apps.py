from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals import audit_actions, audit_trail, control_topic, panels, topics  # noqa: F401, PLC0415 - fill the registries
        from approvals.sweeps import register_sweeps  # noqa: PLC0415

        register_sweeps()
