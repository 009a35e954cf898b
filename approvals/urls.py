"""The pages of approvals. Every POST here is a plain form; none changes state on GET."""

from django.urls import path

from approvals.views import control, decide, propose, queue, record

app_name = "approvals"
urlpatterns = [
    path("queue/", queue.queue, name="queue"),
    path("control/", control.control, name="control"),
    path("control/stop/", control.stop, name="control_stop"),
    path("control/<uuid:stop_id>/request-lift/", control.ask_to_lift, name="control_request_lift"),
    path("control/<uuid:stop_id>/withdraw-lift/", control.withdraw_request, name="control_withdraw_lift"),
    path("control/<uuid:stop_id>/confirm-lift/", control.lift, name="control_confirm_lift"),
    path("queue/<uuid:action_id>/", queue.queue_item, name="queue_item"),
    path("a/<uuid:action_id>/", record.phone, name="phone"),
    path("alerts/<uuid:alert_id>/propose/<int:number>/", propose.propose_from_alert, name="propose"),
    path("actions/<uuid:action_id>/", record.record, name="record"),
    path("actions/<uuid:action_id>/decide/", decide.decide, name="decide"),
    path("actions/<uuid:action_id>/rollback/", decide.roll_back, name="roll_back"),
    path("actions/<uuid:action_id>/settle/", decide.settle_outcome, name="settle"),
]
