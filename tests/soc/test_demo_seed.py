"""The seeded demonstration: contract.md's cast and estate, a sound past, a morning's work, and what it leaves alone."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from accounts.models import Agent, ApiToken, RoleGrant, User
from accounts.people import team_ids_of
from approvals.models import ActionStatus, Attempt, BlastCounter, Decision, PendingAction, PolicyProceeding
from audit.models import Entry
from incidents.models import Alert, TriageVerdict, VerdictFeedback
from integrations.models import EstateBlock, EstateEffect, EstateHost, EstateUser
from soc.demo import faults, owner
from soc.demo.world import RESERVED_HOSTS, RESERVED_NETWORKS, RESERVED_USERS
from tests.databases import renew_database

pytestmark = pytest.mark.django_db
ROLES = {
    "analyst": "analyst",
    "analyst2": "analyst",
    "senior": "senior_analyst",
    "senior2": "senior_analyst",
    "lead": "soc_lead",
    "lead2": "soc_lead",
    "manager": "manager",
    "oncall": "senior_analyst",
    "auditor": "auditor",
    "admin": "admin",
    "outsider": "analyst",
}


def demo(*arguments: str) -> str:
    out = StringIO()
    with override_settings(DEMO=True):
        call_command("demo", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module", autouse=True)
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Seed once, for real; each test then rolls back what it does itself."""
    with django_db_blocker.unblock():
        try:
            demo("seed", "--with-history")
            yield
        finally:
            renew_database()


def morning() -> list[PendingAction]:
    return list(PendingAction.objects.filter(status="pending").select_related("alert"))


def test_the_cast_is_the_contracts() -> None:
    held = {
        user.username: sorted(RoleGrant.objects.filter(user=user, revoked_at=None).values_list("role", flat=True))
        for user in User.objects.all()
    }
    assert held == {name: [role] for name, role in ROLES.items()}
    teams = {user.username: len(team_ids_of(user)) for user in User.objects.all()}
    assert set(teams.values()) == {1}
    soc = team_ids_of(User.objects.get(username="analyst"))
    assert {name for name in ROLES if team_ids_of(User.objects.get(username=name)) != soc} == {"outsider"}
    assert len(set(User.objects.values_list("person_id", flat=True))) == len(ROLES)


def test_everybody_logs_in_with_the_demo_password(settings: Any) -> None:
    for name in ("analyst", "outsider"):
        user = authenticate(username=name, password=settings.DEMO_PASSWORD)
        assert user is not None
        assert user.get_username() == name
    assert authenticate(username="analyst", password="something else") is None


def test_nobody_is_a_superuser_and_no_agent_holds_a_token() -> None:
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(is_staff=True).exists()
    assert not ApiToken.objects.exists()
    assert Agent.objects.count() >= 3


def test_the_estate_is_the_contracts() -> None:
    hosts = {host.name: host for host in EstateHost.objects.select_related("team")}
    assert {f"WS-{number}" for number in range(1001, 1061)} <= hosts.keys()
    assert (hosts["SRV-DB-01"].criticality, hosts["SRV-DC-01"].criticality) == ("critical", "critical")
    assert hosts["SRV-WEB-01"].criticality != "critical"
    assert [name for name, host in hosts.items() if host.team.slug == "lab"] == ["LAB-01"]
    assert [name for name, host in hosts.items() if host.is_protected] == ["SRV-CSIGN-01"]
    users = {user.name: user for user in EstateUser.objects.select_related("team")}
    assert {"j.doe", "a.meyer", "svc-backup"} <= users.keys()
    assert [name for name, user in users.items() if user.is_service_account] == ["svc-backup"]
    assert users["svc-backup"].criticality != "critical"
    assert {user.team.slug for user in users.values()} == {"soc"}


def test_seeding_again_adds_nothing() -> None:
    def everything() -> tuple[int, ...]:
        tables = (
            User,
            RoleGrant,
            Agent,
            EstateHost,
            EstateUser,
            Alert,
            VerdictFeedback,
            PendingAction,
            Decision,
            Entry,
        )
        return tuple(table.objects.count() for table in tables)

    before = everything()
    assert "0 alerts of two weeks, 0 items" in demo("seed")
    assert "decisions are on the record already" in demo("history")
    assert everything() == before


def test_without_the_demo_setting_nothing_is_seeded() -> None:
    before = Entry.objects.count()
    with override_settings(DEMO=False), pytest.raises(CommandError, match="COUNTERSIGN_DEMO"):
        call_command("demo", "seed")
    assert Entry.objects.count() == before


def test_25_items_wait_of_all_levels_that_need_people_and_exactly_two_are_dual() -> None:
    levels = Counter(action.approval_level for action in morning())
    assert levels == {"optional": 8, "recommended": 9, "required": 6, "dual_required": 2}


def test_each_item_speaks_of_a_real_alert_with_its_evidence() -> None:
    for action in morning():
        assert action.alert is not None
        assert action.evidence[0]["ref"] == str(action.alert_id)
        assert len(action.evidence) >= 2
        assert len(action.reasoning) > 60
        assert 0 < (action.confidence or 0) < 1


def test_one_item_is_wrong_and_its_own_evidence_says_so() -> None:
    wrong = [action for action in morning() if action.target_value == "SRV-SCAN-01"]
    assert len(wrong) == 1
    assert "vulnerability scanner" in wrong[0].evidence[2]["claim"]


def test_one_item_carries_an_injected_instruction_in_alert_and_evidence() -> None:
    injected = [action for action in morning() if "ignore previous instructions" in str(action.evidence)]
    assert len(injected) == 1
    alert = injected[0].alert
    assert alert is not None
    raw = alert.payloads.exclude(raw="").get().raw
    assert "ignore previous instructions" in raw
    assert injected[0].approval_level != "optional"  # it must not proceed by itself


def test_what_is_left_to_the_reader_was_not_touched() -> None:
    networks = [ipaddress.ip_network(text) for text in RESERVED_NETWORKS]
    for action in PendingAction.objects.all():
        assert action.target_value not in RESERVED_HOSTS | RESERVED_USERS
        if action.target_type == "ip":
            address = ipaddress.ip_address(action.target_value)
            assert not any(address in network for network in networks if network.version == address.version)
    assert not EstateHost.objects.filter(name__in=RESERVED_HOSTS).exclude(changed_at=None).exists()
    assert not EstateUser.objects.filter(name__in=RESERVED_USERS).exclude(changed_at=None).exists()


def test_two_isolations_are_free_even_if_everything_that_waits_is_approved() -> None:
    counter = BlastCounter.objects.get(key="isolated_hosts", team__slug="soc")
    waiting = sum(action.action_type == "isolate_host" for action in morning())
    assert counter.cap - counter.in_use - waiting >= 2
    assert counter.in_use == EstateHost.objects.filter(is_isolated=True).count() == 1


def test_the_decided_past_keeps_every_rule_of_the_state_machine() -> None:
    assert faults.faults() == []
    statuses = Counter(PendingAction.objects.values_list("status", flat=True))
    assert statuses["executed"] > 60
    for status in ("rejected", "expired", "failed", "refused", "cancelled"):
        assert statuses[status] >= 1, status
    assert PendingAction.objects.exclude(rollback_of=None).filter(status="executed").count() >= 3
    assert PolicyProceeding.objects.count() >= 10


def test_the_check_of_the_past_finds_what_it_is_for() -> None:
    """Each rule that the triggers hold is asked of rows too: take a success away, and it is named."""
    attempt = Attempt.objects.filter(state="succeeded").first()
    assert attempt is not None
    EstateEffect.objects.all().delete()
    counter = BlastCounter.objects.get()
    counter.in_use = 4
    counter.save(update_fields=["in_use"])
    assert [line.partition(": ")[2] for line in faults.faults()] == ["counted otherwise than held"]


def test_every_effect_stands_behind_one_executed_action() -> None:
    keys = Counter(EstateEffect.objects.values_list("key", flat=True))
    executed = {str(pk) for pk in PendingAction.objects.filter(status="executed").values_list("pk", flat=True)}
    assert set(keys) == executed
    assert set(keys.values()) == {1}
    assert set(EstateBlock.objects.values_list("value", flat=True)) <= set(
        PendingAction.objects.filter(status="executed").values_list("target_value", flat=True)
    )


def test_every_decision_of_the_past_is_on_the_record_and_marked_as_told() -> None:
    told = Entry.objects.filter(action="approvals.action.decided")
    assert told.count() == Decision.objects.count() > 50
    bodies = [entry.body for entry in told]
    assert {body["reason"] for body in bodies} == {"Demo history."}
    assert {body["request"]["auth"] for body in bodies} == {"demo history"}
    original = {str(vote.action_id): vote.at for vote in Decision.objects.all()}
    assert all(body["object"]["id"] in original and body["after"]["at"] for body in bodies)


def test_the_guards_stand_again_after_the_history() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE tgname = ANY(%s)", [list(owner.GUARDS.values())])
        assert set(cursor.fetchall()) >= {(name, "O") for name in owner.GUARDS.values()}
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (connection.settings_dict["USER"],)
        assert "owner" not in connection.settings_dict["USER"]


def test_the_past_spreads_over_14_days_with_verdicts_and_some_overrides() -> None:
    old = Alert.objects.exclude(pk__in=[action.alert_id for action in morning()])
    moments = list(old.order_by("received_at").values_list("received_at", flat=True))
    assert len(moments) > 400
    assert (moments[-1] - moments[0]).days >= 13
    assert not old.filter(triage_state="pending", received_at__lt=moments[-1] - (moments[-1] - moments[0]) / 2).exists()
    for verdict in ("true_positive", "false_positive", "suspicious"):
        assert TriageVerdict.objects.filter(verdict=verdict, is_current=True).count() >= 10, verdict
    overrides = VerdictFeedback.objects.filter(is_override=True).count()
    assert 0.02 < overrides / VerdictFeedback.objects.count() < 0.15


def test_first_classification_follows_arrival_within_seconds() -> None:
    for alert in Alert.objects.exclude(triaged_at=None).only("received_at", "triaged_at")[:2000]:
        assert alert.triaged_at is not None
        assert 0 <= (alert.triaged_at - alert.received_at).total_seconds() < 60


def test_verdicts_and_payloads_of_the_past_bear_its_date() -> None:
    old = TriageVerdict.objects.filter(
        alert__received_at__lt=Alert.objects.latest("received_at").received_at
    ).select_related("alert")
    assert all(verdict.created_at == verdict.alert.triaged_at for verdict in old)
    for alert in Alert.objects.order_by("received_at")[:50]:
        assert alert.payloads.order_by("id")[0].received_at == alert.received_at


def test_nothing_of_the_past_happens_in_the_future() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM approvals_decision WHERE at > clock_timestamp()"
            " UNION ALL SELECT count(*) FROM approvals_pendingaction"
            " WHERE greatest(created_at, decided_at, ended_at) > clock_timestamp()"
            " UNION ALL SELECT count(*) FROM incidents_verdictfeedback WHERE created_at > clock_timestamp()"
        )
        assert {row[0] for row in cursor.fetchall()} == {0}


def test_the_statuses_are_those_of_the_contract() -> None:
    assert set(PendingAction.objects.values_list("status", flat=True)) <= set(ActionStatus.values)
