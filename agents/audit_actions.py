"""The audit names of this app."""

from audit.actions import register

register("agents.agent.status_changed", "{actor} reported a new status")
