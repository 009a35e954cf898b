"""System checks: a setting that would make a promise false stops the start (`manage.py check`)."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, Tags, register

_LOOPBACK_ONLY = frozenset({"127.0.0.1", "localhost", "[::1]", "testserver"})


@register(Tags.security)
def demo_accounts_stay_on_loopback(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[Error]:
    """Refuse well-known passwords under a name that others can reach."""
    strangers = sorted(set(settings.ALLOWED_HOSTS) - _LOOPBACK_ONLY)
    if not settings.DEMO or not strangers:
        return []
    return [
        Error(
            f"COUNTERSIGN_DEMO is on while COUNTERSIGN_ALLOWED_HOSTS names {', '.join(strangers)}.",
            hint="Demo accounts have a known password: run the demo on 127.0.0.1 only.",
            id="soc.E001",
        )
    ]


@register()
def soc_is_the_last_app(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[Error]:
    """The grants follow the last app's migrations; an app after `soc` would be served without any."""
    if settings.INSTALLED_APPS[-1] == "soc":
        return []
    return [Error("INSTALLED_APPS: `soc` must come last.", hint="Its post_migrate gives out grants.", id="soc.E002")]
