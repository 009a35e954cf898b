"""The inventory: what a target's name stands for, who owns it, how critical it is."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from integrations.models import EstateHost, EstateUser


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing of the inventory; `name` is its canonical spelling."""

    id: str
    kind: str
    name: str
    asset_class: str
    criticality: str
    owner: str
    detail: str
    is_protected: bool


def find(kind: str, value: str, *, team_ids: Collection[uuid.UUID]) -> Asset | None:
    """Return the host or user of that name (any case) in these teams, or None; other kinds have no inventory."""
    if kind == "host":
        host = EstateHost.objects.filter(name__iexact=value, team_id__in=team_ids).first()
        return _host(host) if host else None
    if kind == "user":
        user = EstateUser.objects.filter(name__iexact=value, team_id__in=team_ids).first()
        return _user(user) if user else None
    return None


def _host(host: EstateHost) -> Asset:
    return Asset(
        id=str(host.id),
        kind="host",
        name=host.name,
        asset_class=host.asset_class,
        criticality=host.criticality,
        owner=host.owner,
        detail=host.service,
        is_protected=host.is_protected,
    )


def _user(user: EstateUser) -> Asset:
    return Asset(
        id=str(user.id),
        kind="user",
        name=user.name,
        asset_class="service_account" if user.is_service_account else "person",
        criticality=user.criticality,
        owner=user.department,
        detail="service account" if user.is_service_account else "",
        is_protected=user.is_protected,
    )
