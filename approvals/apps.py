from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        from approvals import audit_actions, audit_trail, control_topic, panels, topics  # noqa: F401, PLC0415 - fill the registries
        from approvals.hooks import on_moved  # noqa: PLC0415
        from approvals.services.callbacks import enqueue  # noqa: PLC0415
        from approvals.sweeps import register_sweeps  # noqa: PLC0415

        on_moved.append(enqueue)
        register_sweeps()
