"""What the audit app itself puts on the record."""

from audit import actions

actions.register("audit.log.exported", "{actor} exported {after[entries]} audit entries as {after[format]}")
