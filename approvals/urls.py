"""The pages of approvals. Every POST here is a plain form; none changes state on GET."""

from django.urls import path

from approvals.views import decide, propose, queue, record

app_name = "approvals"
urlpatterns = [
    path("queue/", queue.queue, name="queue"),
    path("queue/<uuid:action_id>/", queue.queue_item, name="queue_item"),
    path("a/<uuid:action_id>/", record.phone, name="phone"),
    path("alerts/<uuid:alert_id>/propose/<int:number>/", propose.propose_from_alert, name="propose"),
    path("actions/<uuid:action_id>/", record.record, name="record"),
    path("actions/<uuid:action_id>/decide/", decide.decide, name="decide"),
    path("actions/<uuid:action_id>/rollback/", decide.roll_back, name="roll_back"),
    path("actions/<uuid:action_id>/settle/", decide.settle_outcome, name="settle"),
]
