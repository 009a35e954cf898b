from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        # Registrations at import: audit actions and live topics.
        from incidents import audit_actions, audit_links, topics  # noqa: F401, PLC0415
