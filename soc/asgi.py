"""The ASGI application: pages and API by Django, one socket by `live`."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
_django = get_asgi_application()

# Only now are the apps loaded that these modules import.
from live.consumers import LiveConsumer  # noqa: E402
from live.origin import Refusal, SameOriginOnly  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": _django,
        "websocket": SameOriginOnly(
            URLRouter([path("ws/live/", LiveConsumer.as_asgi()), re_path(r"", Refusal.as_asgi())])
        ),
    }
)
