"""The audit names of this app."""

from audit.actions import register

register("approvals.action.proposed", "{actor} proposed {object}")
register("approvals.action.refused", "A guardrail refused what {actor} proposed: {object}")
register("approvals.action.decided", "{actor} decided on {object}: {after[decision]}")
register("approvals.action.proceeded", "{actor} let {object} proceed by policy")
register("approvals.action.overdue", "The deadline of {object} passed without a decision")
register("approvals.action.expired", "{object} expired undecided")
register("approvals.action.cancelled", "{actor} cancelled {object}")
register("approvals.action.claimed", "{actor} began to execute {object}")
register("approvals.action.held_back", "The execution of {object} was held back")
register("approvals.action.ended", "The execution of {object} ended")
register("approvals.action.settled", "{actor} settled the unknown outcome of {object}")
register("approvals.callback.failed", "The callback about {object} was given up")
register("approvals.control.stopped", "{actor} set the {object}: {reason}")
register("approvals.control.lift_requested", "{actor} asked to lift the {object}: {reason}")
register("approvals.control.lift_withdrawn", "{actor} took back the request to lift the {object}")
register("approvals.control.lifted", "{actor} confirmed lifting the {object}, asked for by {after[lift_requested_by]}")
register("approvals.policy.published", "{actor} published {object}")
