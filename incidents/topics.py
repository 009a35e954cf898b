"""The live partials of alerts: one alert's verdict and row; a batch as a pill, with its alerts if they are few."""

from collections.abc import Hashable

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from accounts.models import User
from accounts.people import team_ids_of
from incidents import presentation, selectors
from incidents.models import Alert, IngestBatch
from live import topics

#: A batch of at most so many alerts brings their verdicts along; a larger one says that something came.
FEW = 10


def render_alert(viewer: User, object_id: str) -> str | None:
    """Return the verdict and the list's row of one alert, or None when the viewer may not see it."""
    try:
        alert = selectors.find(Alert.objects.for_user(viewer), object_id)
    except ValidationError:
        return None
    return _partials(alert) if alert is not None else None


def render_batch(viewer: User, object_id: str) -> str | None:
    """Return the pill of a batch of the viewer's teams, and the partials of its alerts where they are few."""
    batch = IngestBatch.objects.filter(id=object_id, source__team_id__in=team_ids_of(viewer)).first()
    if batch is None:
        return None
    html = render_to_string("incidents/_batch_live.html", {"batch": batch})
    if batch.created > FEW:
        return html
    alerts = selectors.for_list(Alert.objects.for_user(viewer).filter(batch=batch))
    return html + "".join(_partials(alert) for alert in alerts)


def viewer_class(viewer: User) -> Hashable:
    """The partials depend on the teams alone."""
    return tuple(sorted(team_ids_of(viewer)))


def _partials(alert: Alert) -> str:
    view = presentation.verdict_view(alert)
    context = {"alert": alert, "view": view, "verdict": view.verdict, "state": view.state}
    return render_to_string("incidents/_alert_live.html", context)


topics.register("alert", render_alert, viewer_class)
topics.register("alert_batch", render_batch, viewer_class)
