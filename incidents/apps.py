from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        # Registrations at import: audit actions and the live topic.
        from incidents import audit_actions  # noqa: F401, PLC0415
