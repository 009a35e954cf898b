"""The one way in which a normaliser assembles its result: lengths, defaults and notes are applied here."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from incidents.normalize.entities import Entities
from incidents.normalize.record import MAX_NOTES, NormalAlert
from incidents.normalize.severities import DEFAULT_SCORE
from incidents.normalize.techniques import techniques_in
from incidents.normalize.texts import ID_LENGTH, first_line, line, paragraph, storable

UNTITLED = "Alert without a title"


def assemble(  # noqa: PLR0913 - one keyword per field of the record
    *,
    name: str,
    titles: Iterable[Any],
    entities: Entities,
    description: Any = "",
    external_id: Any = "",
    detection_id: Any = "",
    detection_name: Any = "",
    detection_key: str = "",
    score: float | None = None,
    occurred_at: dt.datetime | None = None,
    detected_at: dt.datetime | None = None,
    techniques: Iterable[Any] = (),
    notes: Iterable[str] = (),
) -> NormalAlert:
    """Return the record: the first title that has text, the score or the default, all texts bounded."""
    title = first_line(*titles)
    said = [*notes, *entities.notes]
    if not title:
        title = UNTITLED
        said.append("The payload names no title.")
    if detected_at is None and occurred_at is None:
        said.append("The payload names no time; the time of arrival is used.")
    return NormalAlert(
        format=name,
        title=title,
        description=paragraph(description),
        external_id=line(external_id, ID_LENGTH),
        detection_id=line(detection_id, ID_LENGTH),
        detection_name=line(detection_name),
        detection_key=line(detection_key, ID_LENGTH),
        severity_score=DEFAULT_SCORE if score is None else min(max(score, 0.0), 10.0),
        severity_origin="default" if score is None else "source",
        occurred_at=occurred_at,
        detected_at=detected_at,
        techniques=techniques_in(techniques),
        entities=entities.refs(),
        notes=tuple(storable(note[:300]) for note in said[:MAX_NOTES]),
    )
