"""Pending actions, their policy, decisions and executions."""

from approvals.models.action import ActionStatus, ApprovalSlot, PendingAction, ProposerKind
from approvals.models.callback import CallbackDelivery, CallbackState
from approvals.models.control import Stop, StopKind, StopScope
from approvals.models.decision import Decision, DecisionKind, EvidenceView, ReasonCode, SlotAssignment
from approvals.models.execution import Attempt, AttemptState, BlastCounter, BlastHold, PolicyProceeding
from approvals.models.policy import AtDeadline, Level, PolicyRule, PolicyVersion

__all__ = [
    "ActionStatus",
    "ApprovalSlot",
    "AtDeadline",
    "Attempt",
    "AttemptState",
    "BlastCounter",
    "BlastHold",
    "CallbackDelivery",
    "CallbackState",
    "Decision",
    "DecisionKind",
    "EvidenceView",
    "Level",
    "PendingAction",
    "PolicyProceeding",
    "PolicyRule",
    "PolicyVersion",
    "ProposerKind",
    "ReasonCode",
    "SlotAssignment",
    "Stop",
    "StopKind",
    "StopScope",
]
