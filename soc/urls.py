"""Every URL of the product."""

from importlib.util import find_spec

from django.urls import include, path

from soc import pages, views
from soc.api import api

urlpatterns = [
    path("", pages.home, name="home"),
    path("help/", pages.show_help, name="help"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("api/v1/", api.urls),
    # These would send e-mail, and no mail server is configured: a page in words instead of a 500.
    *(path(f"accounts/{page}/", pages.no_mail) for page in ("password/reset", "email")),
    path("accounts/", include("allauth.urls")),
]
urlpatterns += [
    path("", include(f"{app}.urls"))
    for app in ("audit", "live", "incidents", "approvals", "agents", "metrics", "integrations")
    if find_spec(f"{app}.urls")
]
