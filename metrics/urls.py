from django.urls import path

from metrics import views

app_name = "metrics"
urlpatterns = [
    path("metrics/", views.overview, name="overview"),
    path("metrics/<slug:key>.csv", views.as_csv, name="csv"),
    path("metrics/<slug:key>/", views.behind, name="rows"),
]
