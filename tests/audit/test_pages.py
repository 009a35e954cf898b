"""The pages of the record: who reads what, how it is found, and that hostile text stays text."""

import csv
import io
import json
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Q
from django.test import AsyncClient, Client

from accounts.models import Team, User
from accounts.people import actor_of
from audit import links, visibility
from audit.actors import SYSTEM, Actor
from audit.models import Entry
from audit.services import record

HOSTILE = "<script>alert(1)</script>\u202e{{ 7|add:7 }}\x1b[31m"


def write(**values: Any) -> int:
    given: dict[str, Any] = {
        "action": "audit.log.exported",
        "actor": SYSTEM,
        "object_type": "thing",
        "object_id": "1",
    }
    with transaction.atomic():
        return record(**given | values)


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def seqs(client: Client, query: str = "") -> list[int]:
    response = client.get("/audit/", {"q": query})
    assert response.status_code == 200
    return [entry.seq for entry in response.context["page"].entries]


@pytest.fixture
def things(team: Team, other_team: Team) -> dict[str, int]:
    """Entries of both teams, of nobody's, and one by an agent."""
    robot = Actor(kind="agent", id=str(uuid.uuid4()), name="responder")
    return {
        "ours": write(team_id=str(team.id), object_id="ours", object_label="WS-1031"),
        "theirs": write(team_id=str(other_team.id), object_id="theirs", reason="secret of the lab"),
        "nobodys": write(object_id="nobodys"),
        "robots": write(team_id=str(team.id), actor=robot, object_id="robots", object_label="SRV-DB-01"),
    }


# --- who reads what ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["auditor", "lead", "manager", "admin"])
def test_who_oversees_reads_everything(request: pytest.FixtureRequest, role: str, things: dict[str, int]) -> None:
    assert set(things.values()) <= set(seqs(as_user(request.getfixturevalue(role))))


def test_an_analyst_reads_their_teams_and_their_own(analyst: User, things: dict[str, int]) -> None:
    own = write(actor=actor_of(analyst), object_id="own")
    found = set(seqs(as_user(analyst)))
    assert {things["ours"], things["robots"], own} <= found
    assert not {things["theirs"], things["nobodys"]} & found


def test_an_entry_of_another_team_is_not_there(analyst: User, things: dict[str, int]) -> None:
    client = as_user(analyst)
    assert client.get(f"/audit/{things['theirs']}/").status_code == 404
    assert client.get(f"/audit/{things['ours']}/").status_code == 200
    assert things["theirs"] not in seqs(client, "secret")
    assert things["theirs"] not in seqs(client, f"seq:{things['theirs']}")


def test_an_inactive_account_reads_nothing(analyst: User, things: dict[str, int]) -> None:
    analyst.is_active = False
    assert visibility.of(analyst).where == Q(pk__in=[])


def test_facets_count_only_what_the_viewer_may_read(analyst: User, things: dict[str, int]) -> None:
    client = as_user(analyst)
    kinds = {facet.value: facet.count for facet in client.get("/audit/").context["facets"]["kind"]}
    assert kinds["agent"] == 1
    assert sum(kinds.values()) == len(seqs(client))


@pytest.mark.parametrize("path", ["/audit/", "/audit/1/", "/audit/verify/"])
def test_nobody_reads_without_a_session(db: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_veil_hides_reason_and_fields_but_not_ones_own(
    lead: User, senior: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visibility, "_veils", {})
    seq = write(
        actor=actor_of(senior), object_id="a1", reason="beacon seen", after={"verdict": "tp"}, team_id=str(team.id)
    )
    visibility.register_veil("audit.log.exported", lambda _, ids: ids & {"a1"})
    hidden = as_user(lead).get(f"/audit/{seq}/").content.decode()
    assert "beacon seen" not in hidden
    assert "Hidden until you have recorded your own decision" in hidden
    assert "beacon seen" in as_user(senior).get(f"/audit/{seq}/").content.decode()
    exported = b"".join(as_user(lead).post("/audit/export/", {"format": "jsonl", "q": f"seq:{seq}"})).decode()
    assert "beacon seen" not in exported
    assert json.loads(exported)["body"]["veiled"] is True


# --- finding -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ws-1031", {"ours"}),
        ("kind:agent", {"robots"}),
        ("actor:respond", {"robots"}),
        ("object:theirs", {"theirs"}),
        ("object:SRV-DB", {"robots"}),
        ('"secret of the"', {"theirs"}),
        ("secret lab", {"theirs"}),
        ("action:audit.log.* kind:agent", {"robots"}),
        ("action:audit.log.exported kind:agent", {"robots"}),
        ("action:audit.log kind:agent", set()),
        ("kind:agent until:2020-01-01", set()),
        ("kind:agent since:2020-01-01", {"robots"}),
        ("2001:db8::1", set()),
        ("%", set()),
        ("object:%", set()),
        ("action:* kind:agent", {"robots"}),
    ],
)
def test_a_query_finds(auditor: User, things: dict[str, int], query: str, names: set[str]) -> None:
    found = set(seqs(as_user(auditor), query))
    assert found & set(things.values()) == {things[name] for name in names}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("kind:king", "kind:king: a kind is one of person"),
        ("since:tomorrow", "neither a date"),
        ("until:2026-13-40", "month must be in 1..12"),
        ("seq:x", "a number such as"),
        ('actor:""', "names nothing"),
    ],
)
def test_a_query_that_means_nothing_says_which_part(auditor: User, query: str, words: str) -> None:
    response = as_user(auditor).get("/audit/", {"q": query})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()


@pytest.mark.parametrize(
    "query", ["\x00", "\ud83d", "'" * 600, "seq:999999999999999999", "actor:\x00", "(((", "\\", "object:\\"]
)
def test_hostile_queries_answer(auditor: User, query: str) -> None:
    assert as_user(auditor).get("/audit/?q=" + query.encode("utf-8", "surrogatepass").hex()).status_code == 200
    assert as_user(auditor).get("/audit/", {"q": query.encode("utf-8", "replace")}).status_code in (200, 422)


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize("value", ["-1", "x", "9" * 40, "²", ""])
def test_a_page_number_that_is_none_is_ignored(auditor: User, name: str, value: str) -> None:
    assert as_user(auditor).get("/audit/", {name: value}).status_code == 200


def test_pages_hold_every_entry_once_in_both_directions(auditor: User) -> None:
    for number in range(130):
        write(object_id=str(number))
    client = as_user(auditor)
    forth: list[int] = []
    back: list[int] = []
    page = client.get("/audit/", {"q": "object:thing"}).context["page"]
    while True:
        forth += [entry.seq for entry in page.entries]
        if page.older is None:
            break
        page = client.get("/audit/", {"q": "object:thing", "before": page.older}).context["page"]
    while page.newer is not None:
        page = client.get("/audit/", {"q": "object:thing", "after": page.newer}).context["page"]
        back = [entry.seq for entry in page.entries] + back
    assert len(forth) == 130
    assert forth == sorted(set(forth), reverse=True)
    assert back == forth[: len(back)]
    assert len(back) >= 50


def test_a_facet_narrows_and_widens_again(auditor: User, things: dict[str, int]) -> None:
    client = as_user(auditor)
    facet = next(f for f in client.get("/audit/", {"q": "srv"}).context["facets"]["kind"] if f.value == "agent")
    assert facet.query == "srv kind:agent"
    chosen = next(f for f in client.get("/audit/", {"q": facet.query}).context["facets"]["kind"] if f.is_chosen)
    assert chosen.query == "srv"


# --- what is shown -----------------------------------------------------------------------------


def test_hostile_text_is_shown_as_text(auditor: User) -> None:
    robot = Actor(kind="agent", id=HOSTILE, name=HOSTILE, role=HOSTILE)
    seq = write(
        actor=robot,
        object_type=HOSTILE,
        object_id=HOSTILE,
        object_label=HOSTILE,
        reason=HOSTILE,
        before={"x": HOSTILE},
        after={"x": [HOSTILE], "y": {HOSTILE: HOSTILE}},
        team_id=HOSTILE,
    )
    client = as_user(auditor)
    for path in ("/audit/", f"/audit/{seq}/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert "{{ 7|add:7 }}" in page
        assert "‹U+202E›" in page


def test_an_entry_shows_fields_origin_and_hashes(auditor: User, team: Team) -> None:
    seq = write(before={"status": "pending"}, after={"status": "approved", "slot": "lead"}, reason="seen twice")
    entry = Entry.objects.get(seq=seq)
    page = as_user(auditor).get(f"/audit/{seq}/").content.decode()
    for text in (bytes(entry.hash).hex(), bytes(entry.prev_hash).hex(), "seen twice", "pending", "approved", "slot"):
        assert text in page


def test_an_object_links_to_its_page_where_an_app_shows_it(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_LINKS", {})
    links.register("thing", lambda number: f"/things/{number}/")
    write(object_id="77")
    assert 'href="/things/77/"' in as_user(auditor).get("/audit/").content.decode()


def test_every_answer_names_its_request_and_the_entry_does_too(auditor: User) -> None:
    response = as_user(auditor).post("/audit/export/", {"format": "csv", "q": ""}, REMOTE_ADDR="192.0.2.9")
    assert len(response["X-Request-Id"]) == 32
    entry = Entry.objects.order_by("-seq")[0]
    assert entry.body["request"] == {"id": response["X-Request-Id"], "ip": "192.0.2.9", "auth": "session"}


def test_a_request_id_of_the_client_is_not_taken(auditor: User) -> None:
    response = as_user(auditor).get("/audit/", HTTP_X_REQUEST_ID="mine")
    assert response["X-Request-Id"] != "mine"


# --- verification and export -------------------------------------------------------------------


def test_the_check_says_intact(analyst: User, places: Path) -> None:
    page = as_user(analyst).get("/audit/verify/").content.decode()
    assert 'data-result="intact"' in page
    assert f"verified {Entry.objects.count()} entries" in page


def test_the_check_names_the_first_bad_entry_and_what_to_do(auditor: User, places: Path) -> None:
    places.mkdir(parents=True)
    (places / "000000000001-000000000003.json").write_text("{}")
    page = as_user(auditor).get("/audit/verify/").content.decode()
    assert 'data-result="broken"' in page
    assert "The record is broken at entry 1" in page
    assert "What to do next" in page


def test_no_get_writes_an_entry(auditor: User, things: dict[str, int], places: Path) -> None:
    client = as_user(auditor)
    before = Entry.objects.count()
    for path in ("/audit/", f"/audit/{things['ours']}/", "/audit/verify/"):
        client.get(path)
    assert client.get("/audit/export/").status_code == 405
    assert Entry.objects.count() == before


@pytest.mark.parametrize("role", ["analyst", "senior"])
def test_who_does_not_oversee_exports_nothing(
    request: pytest.FixtureRequest, role: str, things: dict[str, int]
) -> None:
    client = as_user(request.getfixturevalue(role))
    before = Entry.objects.count()
    response = client.post("/audit/export/", {"format": "csv", "q": ""})
    assert response.status_code == 403
    assert "Nothing was exported" in response.content.decode()
    assert Entry.objects.count() == before


def test_an_export_holds_what_the_search_found_and_is_recorded(auditor: User, things: dict[str, int]) -> None:
    response = as_user(auditor).post("/audit/export/", {"format": "csv", "q": "kind:agent"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert [int(row["seq"]) for row in rows] == [things["robots"]]
    assert response["Content-Type"].startswith("text/csv")
    entry = Entry.objects.order_by("-seq")[0]
    assert (entry.action, entry.actor_id) == ("audit.log.exported", str(auditor.person_id))
    assert entry.body["after"] | {"upto": 0} == {"format": "csv", "entries": 1, "upto": 0, "q": "kind:agent"}


@pytest.mark.parametrize(
    ("form", "status"), [({"format": "xlsx", "q": ""}, 422), ({"format": "csv", "q": "kind:x"}, 422)]
)
def test_an_export_that_makes_no_sense_is_refused(auditor: User, form: dict[str, str], status: int) -> None:
    client = as_user(auditor)
    before = Entry.objects.count()
    assert client.post("/audit/export/", form).status_code == status
    assert Entry.objects.count() == before


def test_an_export_needs_the_form_token(auditor: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(auditor)
    assert client.post("/audit/export/", {"format": "csv", "q": ""}).status_code == 403


@pytest.mark.django_db(transaction=True)
async def test_an_export_streams_under_asgi_too(auditor: User, add_entries: Callable[..., list[int]]) -> None:
    await sync_to_async(add_entries)(30)
    client = AsyncClient()
    await client.aforce_login(auditor)
    response = await client.post("/audit/export/", {"format": "jsonl", "q": "object:action"})
    parts = cast("AsyncIterator[bytes]", getattr(response, "streaming_content", None))
    body = b"".join([part async for part in parts]).decode()
    assert len(body.splitlines()) == 30
