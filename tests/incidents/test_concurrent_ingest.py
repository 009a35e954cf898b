"""Many deliveries at once, each on its own connection: nothing deadlocks, nothing is counted twice or lost."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection
from django.db.models import Sum

from incidents.models import Alert, AlertEntity, AlertPayload, Entity, IngestBatch
from incidents.services.ingest import IngestResult
from incidents.services.triage import VerdictDraft, claim_batch, store_verdicts
from tests.factories.incidents import AlertSourceFactory
from tests.incidents.conftest import beacon, deliver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
THREADS, ROUNDS, HOSTS = 8, 6, 40
Result = TypeVar("Result")


def in_threads(function: Callable[[int], Result], arguments: list[int]) -> list[Result]:
    """Call `function` once per argument, all at the same moment; return the results, raise what was raised."""
    barrier = threading.Barrier(len(arguments))

    def call(argument: int) -> Result:
        try:
            barrier.wait(timeout=20)
            return function(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))


def test_overlapping_batches_in_any_order_count_exactly_and_never_deadlock() -> None:
    source = AlertSourceFactory.create()

    def burst(seed: int) -> list[IngestResult]:
        shuffled = random.Random(seed)  # noqa: S311 - an order, no secret
        results = []
        for _ in range(ROUNDS):
            payloads = [{**beacon(f"ws-{n}"), "user": f"u-{n % 7}", "src_ip": f"10.0.0.{n % 5}"} for n in range(HOSTS)]
            shuffled.shuffle(payloads)
            results.append(deliver(source, *payloads))
        return results

    results = [result for answers in in_threads(burst, list(range(THREADS))) for result in answers]
    total = THREADS * ROUNDS * HOSTS
    assert sum(result.created for result in results) == Alert.objects.count() == HOSTS
    assert sum(result.duplicates for result in results) == total - HOSTS
    assert Alert.objects.aggregate(n=Sum("count"))["n"] == AlertPayload.objects.count() == total
    assert AlertPayload.objects.exclude(raw="").count() == HOSTS
    assert Entity.objects.count() == HOSTS + 7 + 5
    assert AlertEntity.objects.count() == 3 * HOSTS
    assert IngestBatch.objects.count() == THREADS * ROUNDS


def test_storing_verdicts_while_the_same_alerts_repeat_does_not_deadlock() -> None:
    source = AlertSourceFactory.create()
    payloads = [beacon(f"ws-{n}") for n in range(HOSTS)]
    batch_id = deliver(source, *payloads).batch_ids[0]
    claim = claim_batch(batch_id=batch_id)
    assert claim is not None
    drafts = [
        VerdictDraft(key, "embedded-v1", "suspicious", "low", 0.5, 0.5, "Too little is known.")
        for key in Alert.objects.order_by("-id").values_list("id", flat=True)
    ]

    def act(number: int) -> None:
        if number == 0:
            store_verdicts(batch=claim.batch, fence=claim.fence, verdicts=drafts)
        else:
            for _ in range(4):
                deliver(source, *reversed(payloads))

    in_threads(act, list(range(5)))
    assert Alert.objects.filter(triage_state="done", count=1 + 4 * 4).count() == HOSTS


def test_one_of_many_claims_of_a_batch_succeeds() -> None:
    batch_id = deliver(AlertSourceFactory.create(), beacon()).batch_ids[0]
    claims = in_threads(lambda _: claim_batch(batch_id=batch_id), list(range(8)))
    assert sum(claim is not None for claim in claims) == 1
