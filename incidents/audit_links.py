"""Where the audit pages find alerts."""

import uuid

from django.urls import reverse

from audit import links


def url(object_id: str) -> str | None:
    """Return the page of an alert."""
    try:
        return reverse("incidents:alert", args=[uuid.UUID(object_id)])
    except ValueError:
        return None


links.register("alert", url)
