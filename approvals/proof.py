"""How and when the person of this session last proved who they are (allauth keeps the record in the session)."""

import datetime as dt

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from approvals.services.decide import Proof


def proof_of(request: HttpRequest) -> Proof:
    """Return the latest log-in or step-up of this session; an empty proof without one."""
    records = [record for record in get_authentication_records(request, request.user) if record.get("at")]
    if not records:
        return Proof()
    latest = max(records, key=lambda record: record["at"])
    return Proof(method=str(latest.get("method", ""))[:32], at=dt.datetime.fromtimestamp(latest["at"], dt.UTC))
