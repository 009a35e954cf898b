"""An agent says that it lives."""

import datetime as dt

from django.db import transaction

from accounts.models import Agent
from accounts.people import actor_of_agent
from audit.services import record
from incidents.services.clock import database_now


def heartbeat(*, agent: Agent, status: str = "", version: str = "") -> dt.datetime:
    """Note the heartbeat and return when it arrived. Only a changed status is audited: beats are many.

    An empty status or version leaves the known one.
    """
    with transaction.atomic(durable=True):
        row = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        before = row.heartbeat_status
        row.last_heartbeat_at = database_now()
        row.heartbeat_status = status or before
        row.version = version or row.version
        row.save(update_fields=["last_heartbeat_at", "heartbeat_status", "version"])
        if row.heartbeat_status != before:
            record(
                action="agents.agent.status_changed",
                actor=actor_of_agent(row),
                object_type="agent",
                object_id=str(row.id),
                object_label=row.name,
                before={"status": before},
                after={"status": row.heartbeat_status, "version": row.version},
                team_id=str(row.team_id),
            )
    return row.last_heartbeat_at
