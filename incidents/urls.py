"""The pages of alerts."""

from django.urls import path

from incidents import views

app_name = "incidents"
urlpatterns = [
    path("alerts/", views.list_alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/", views.show_alert, name="alert"),
    path("alerts/<uuid:alert_id>/verdict/", views.record_verdict, name="verdict"),
]
