"""The audit actions of this app, each with its sentence."""

from audit import actions

actions.register("incidents.batch.ingested", "{actor} delivered {object}")
actions.register("incidents.batch.triaged", "{actor} triaged {object}")
actions.register("incidents.batch.triage_failed", "{actor} gave up the triage of {object}")
actions.register("incidents.verdict.given", "{actor} gave a verdict on {object}")
