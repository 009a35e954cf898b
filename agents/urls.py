"""Pages of this app."""

from django.urls import path

from agents import views

app_name = "agents"
urlpatterns = [path("agents/", views.list_agents, name="agents")]
