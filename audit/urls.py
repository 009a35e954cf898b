"""Where the record is read."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("audit/", views.entry_list, name="list"),
    path("audit/verify/", views.verification, name="verify"),
    path("audit/export/", views.export_entries, name="export"),
    path("audit/<int:seq>/", views.entry_detail, name="entry"),
]
