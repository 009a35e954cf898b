"""What the pages ask of a request: whose it is, whether it wants a part, whether a browser only guessed."""

from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from accounts.models import User
from approvals.services.decide import Proof


def person_of(request: HttpRequest) -> User:
    """Return the person of a request that login_required let through."""
    assert isinstance(request.user, User)  # noqa: S101 (login_required)
    return request.user


def is_part(request: HttpRequest, element_id: str) -> bool:
    """Tell whether htmx asks for the element alone. Going back in history asks for the page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Target", "").endswith(f"#{element_id}")
    )


def is_htmx(request: HttpRequest) -> bool:
    """Tell whether the answer is swapped into a page."""
    return request.headers.get("HX-Request") == "true"


def is_prefetch(request: HttpRequest) -> bool:
    """Tell whether a browser loads the page before anybody asked for it: nobody has seen anything then."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return "prefetch" in purpose or "prerender" in purpose


def proof_of(request: HttpRequest) -> Proof:
    """Return how and when the person last proved who they are in this session: the newest of allauth's records."""
    records = [record for record in get_authentication_records(request) if isinstance(record.get("at"), int | float)]
    if not records:
        return Proof()
    newest = max(records, key=lambda record: record["at"])
    return Proof(method=str(newest.get("method", "")), at=datetime.fromtimestamp(newest["at"], tz=UTC))
