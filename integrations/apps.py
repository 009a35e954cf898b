from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        from integrations.registry import register  # noqa: PLC0415
        from integrations.simulators.estate import SimulatedEstate  # noqa: PLC0415

        register(SimulatedEstate())
