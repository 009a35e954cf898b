"""Fixtures of every test: the database (databases.py) here, the cast below it."""

from tests.cast import (
    admin,
    agent,
    analyst,
    analyst2,
    auditor,
    estate,
    lead,
    lead2,
    manager,
    other_team,
    outsider,
    senior,
    senior2,
    source,
    team,
)
from tests.databases import django_db_setup, owner_connection, service_env, superuser_connection
from tests.proposals import proposed

__all__ = [
    "admin",
    "agent",
    "analyst",
    "analyst2",
    "auditor",
    "django_db_setup",
    "estate",
    "lead",
    "lead2",
    "manager",
    "other_team",
    "outsider",
    "owner_connection",
    "proposed",
    "senior",
    "senior2",
    "service_env",
    "source",
    "superuser_connection",
    "team",
]
