"""The `q` of alert lists: words, and key:value tokens. A token that means nothing is an error that names it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, Func, OuterRef, Q, TextField, Value

from incidents.models import AlertEntity, AlertQuerySet, AlertStatus, Classification, Severity, TriageVerdict
from incidents.normalize.techniques import techniques_in

MAX_LENGTH = 500
MAX_TOKENS = 20
_TOKEN = re.compile(r'(?P<no>-?)(?P<key>[a-z_]+):(?P<value>"[^"]*"|(?!//)[^\s"]+)|"(?P<phrase>[^"]*)"|(?P<word>\S+)')


class SearchError(ValueError):
    """A token of the query that cannot be understood."""

    def __init__(self, token: str, why: str) -> None:
        super().__init__(f"{token}: {why}")
        self.token = token
        self.why = why


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a query: `key` is empty for free text; several values are alternatives."""

    text: str
    key: str
    values: tuple[str, ...]
    negated: bool = False


def parse(q: str) -> list[Token]:
    """Return the tokens of a query. Raises SearchError for a key that does not exist, or a query without end."""
    if len(q) > MAX_LENGTH:
        raise SearchError(q[:20] + "…", f"a query has at most {MAX_LENGTH} characters")
    tokens = [_token(match) for match in _TOKEN.finditer(q.replace("\x00", " "))]
    if len(tokens) > MAX_TOKENS:
        raise SearchError(tokens[MAX_TOKENS].text, f"a query has at most {MAX_TOKENS} parts")
    return [token for token in tokens if token.values != ("",)]


def search(alerts: AlertQuerySet, q: str) -> AlertQuerySet:
    """Return the alerts that match the query. Raises SearchError."""
    return apply(alerts, parse(q))


def apply(alerts: AlertQuerySet, tokens: list[Token]) -> AlertQuerySet:
    """Return the alerts that match every token. Raises SearchError for a value that a key does not take."""
    alerts = alerts.alias(
        technique_text=Func("techniques", Value(" "), function="array_to_string", output_field=TextField())
    )
    for token in tokens:
        condition = _KEYS[token.key](token) if token.key else _free(token)
        alerts = alerts.exclude(condition) if token.negated else alerts.filter(condition)
    return alerts


def _token(match: re.Match[str]) -> Token:
    key = match["key"]
    if key is None:
        return Token(match.group(), "", ((match["phrase"] or match["word"] or "").strip(),))
    if key not in _KEYS:
        raise SearchError(match.group(), f"there is no key {key!r}; keys are {', '.join(_KEYS)}")
    value = match["value"]
    values = (value[1:-1],) if value.startswith('"') else tuple(part for part in value.split(",") if part)
    return Token(match.group(), key, values or ("",), bool(match["no"]))


def _choice(field: str, allowed: list[str]) -> Callable[[Token], Q]:
    def condition(token: Token) -> Q:
        for value in token.values:
            if value.lower() not in allowed:
                raise SearchError(token.text, f"{value!r} is none of {', '.join(allowed)}")
        return Q(**{f"{field}__in": [value.lower() for value in token.values]})

    return condition


def _exact(field: str) -> Callable[[Token], Q]:
    return lambda token: Q(**{f"{field}__in": list(token.values)})


def _technique(token: Token) -> Q:
    """A technique also finds its sub-techniques."""
    found = Q()
    for value in token.values:
        ids = techniques_in([value])
        if not ids:
            raise SearchError(token.text, f"{value!r} is no technique id such as T1059 or T1059.001")
        found |= Q(techniques__contains=[ids[0]]) | Q(technique_text__contains=f"{ids[0]}.")
    return found


def _verdict(token: Token) -> Q:
    allowed = [*Classification.values, "none"]
    found = Q()
    for value in (value.lower() for value in token.values):
        if value not in allowed:
            raise SearchError(token.text, f"{value!r} is none of {', '.join(allowed)}")
        current = TriageVerdict.objects.filter(alert=OuterRef("pk"), is_current=True)
        found |= ~Q(Exists(current)) if value == "none" else Q(Exists(current.filter(verdict=value)))
    return found


def _entity(token: Token) -> Q:
    keys = {spelling for value in token.values for spelling in (value, value.lower())}
    return Q(Exists(AlertEntity.objects.filter(alert=OuterRef("pk"), entity__key__in=keys)))


def _free(token: Token) -> Q:
    word = token.values[0]
    fields = ("title", "detection_name", "detection_id", "external_id", "description")
    return Q(*(Q(**{f"{field}__icontains": word}) for field in fields), _connector=Q.OR)


_KEYS: dict[str, Callable[[Token], Q]] = {
    "status": _choice("status", AlertStatus.values),
    "severity": _choice("severity", Severity.values),
    "source": _exact("source__name"),
    "format": _exact("format"),
    "technique": _technique,
    "verdict": _verdict,
    "entity": _entity,
}
KEYS = tuple(_KEYS)

__all__ = ["KEYS", "SearchError", "Token", "apply", "parse", "search"]
