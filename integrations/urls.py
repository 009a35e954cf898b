"""The pages of integrations."""

from django.urls import path

from integrations import views

app_name = "integrations"
urlpatterns = [path("estate/", views.estate, name="estate")]
