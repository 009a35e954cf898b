from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "live"

    def ready(self) -> None:
        """Register the sweep that forgets old events."""
        from live import retention, sweep  # noqa: PLC0415 (models are there only now)

        sweep.register("live.prune", 600, retention.prune)
