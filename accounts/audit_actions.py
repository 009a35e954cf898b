"""The audit names of this app."""

from audit.actions import register

register("accounts.person.created", "{actor} created the account {object}")
register("accounts.person.deactivated", "{actor} deactivated {object}")
register("accounts.role.granted", "{actor} granted a role to {object}")
register("accounts.role.revoked", "{actor} revoked a role of {object}")
register("accounts.team.joined", "{actor} added {object} to a team")
register("accounts.team.left", "{actor} removed {object} from a team")
register("accounts.agent.created", "{actor} registered the agent {object}")
register("accounts.source.created", "{actor} registered the source {object}")
register("accounts.token.issued", "{actor} issued a token for {object}")
register("accounts.token.revoked", "{actor} revoked a token of {object}")
register("accounts.webhook_secret.created", "{actor} made a webhook secret for {object}")
register("accounts.webhook_secret.rotated", "{actor} rotated the webhook secret of {object}")
register("accounts.webhook_secret.shown", "{actor} read the webhook secret of {object}")
register("accounts.session.started", "{actor} logged in")
register("accounts.session.failed", "A log-in as {object} failed")
register("accounts.session.ended", "{actor} logged out")
