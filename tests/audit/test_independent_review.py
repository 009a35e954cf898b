"""The record does not tell a second reviewer what the first one wrote, until the second has voted."""

import pytest
from django.test import Client

from accounts.models import User
from approvals.models import ActionStatus, Level, PendingAction
from audit.models import Entry
from tests.proposals import Propose, vote

WORDS = "beacon to 203.0.113.9 seen twice"


@pytest.fixture
def half_approved(proposed: Propose, senior: User) -> PendingAction:
    """A dual action with the senior analyst's vote."""
    action = proposed("wipe_endpoint", value="WS-1033")
    assert action.approval_level == Level.DUAL_REQUIRED
    return vote(senior, action, comment=WORDS)


def pages(user: User, action: PendingAction) -> str:
    """Return everything that the record shows of the vote: list, entry, the action's own trail."""
    seq = Entry.objects.get(action="approvals.action.decided", object_id=str(action.id)).seq
    client = Client()
    client.force_login(user)
    paths = (f"/audit/?q=object:{action.id}", f"/audit/{seq}/", f"/actions/{action.id}/")
    return "".join(client.get(path).content.decode() for path in paths)


def test_the_first_reviewers_words_stay_hidden_from_the_second(half_approved: PendingAction, lead: User) -> None:
    text = pages(lead, half_approved)
    assert WORDS not in text
    assert "Hidden until you have recorded your own decision" in text


def test_nothing_is_hidden_from_who_voted(half_approved: PendingAction, senior: User) -> None:
    assert "Hidden until" not in pages(senior, half_approved)


def test_the_words_are_on_the_record_once_both_have_voted(
    half_approved: PendingAction, lead: User, auditor: User
) -> None:
    assert vote(lead, half_approved, comment="agreed").status == ActionStatus.APPROVED
    client = Client()
    client.force_login(auditor)
    text = client.get(f"/audit/?q=object:{half_approved.id}").content.decode()
    assert WORDS in text
    assert "Hidden until" not in text


def test_the_proposal_itself_is_not_hidden(half_approved: PendingAction, lead: User) -> None:
    client = Client()
    client.force_login(lead)
    proposal = Entry.objects.get(action="approvals.action.proposed", object_id=str(half_approved.id))
    page = client.get(f"/audit/{proposal.seq}/").content.decode()
    assert "Hidden until" not in page
    assert f'href="/actions/{half_approved.id}/"' in page
