from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents import audit_actions  # noqa: F401, PLC0415 - fill the registries
        from agents.sweeps import register_sweeps  # noqa: PLC0415 - as above

        register_sweeps()
