"""The page's own question for what it missed."""

from django.urls import path

from live import views

app_name = "live"
urlpatterns = [path("live/since/", views.since, name="since")]
