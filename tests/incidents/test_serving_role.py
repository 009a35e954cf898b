"""What the serving role cannot do to alerts, whatever the program does."""

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.models import AlertSource, User
from incidents.models import Alert
from incidents.services.feedback import give_verdict
from tests.factories.incidents import TriageVerdictFactory
from tests.incidents.conftest import beacon, deliver

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incidents_alertpayload SET raw = '{}'",
        "DELETE FROM incidents_alertpayload",
        "UPDATE incidents_triageverdict SET verdict = 'false_positive'",
        "DELETE FROM incidents_triageverdict",
        "UPDATE incidents_verdictfeedback SET classification = 'suspicious'",
        "DELETE FROM incidents_verdictfeedback",
        "TRUNCATE incidents_verdictfeedback",
    ],
)
def test_what_arrived_and_what_was_said_cannot_be_rewritten(source: AlertSource, analyst: User, statement: str) -> None:
    alert = Alert.objects.get(id=deliver(source, beacon()).ids[0])
    verdict = TriageVerdictFactory.create(alert=alert)
    feedback = give_verdict(user=analyst, alert_id=alert.id, classification="suspicious")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    verdict.refresh_from_db()
    feedback.refresh_from_db()
    assert (verdict.verdict, feedback.classification) == ("true_positive", "suspicious")
    assert alert.payloads.get().raw != "{}"
