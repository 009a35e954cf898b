from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import audit_actions, audit_scope, signals  # noqa: F401, PLC0415 - fill the registries
