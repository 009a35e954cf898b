from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import audit_actions, audit_scope, signals  # noqa: F401, PLC0415 - fill the registries
        from accounts.people import with_a_role  # noqa: PLC0415 - as above
        from live import topics  # noqa: PLC0415 - as above

        # Somebody without a role has no page that could change: their sockets are closed.
        topics.entitled = with_a_role
