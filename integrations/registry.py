"""Which connector performs which action type."""

from integrations.base import Connector

_CONNECTORS: dict[str, Connector] = {}


def register(connector: Connector) -> None:
    """Offer a connector; a second one of the same key replaces the first."""
    _CONNECTORS[connector.key] = connector


def connector_for(action_type: str) -> Connector | None:
    """Return the connector that performs this type, or None."""
    return next((item for item in _CONNECTORS.values() if action_type in item.action_types), None)


def connectors() -> list[Connector]:
    """Return every connector on offer, by key."""
    return sorted(_CONNECTORS.values(), key=lambda item: item.key)
