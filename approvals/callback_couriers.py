"""Threads of the sweeper that send callbacks: a slow receiver must hold up neither deadlines nor executions."""

import logging
import threading

from django.db import connection

from approvals.services.callbacks import Claim, claim_next, deliver

logger = logging.getLogger(__name__)
COURIERS = 8
_free = threading.BoundedSemaphore(COURIERS)


def dispatch_due() -> int:
    """Claim what is due, as much as couriers are free, and have it sent; return how many were claimed."""
    claimed = 0
    while _free.acquire(blocking=False):
        try:
            claim = claim_next()
        except BaseException:
            _free.release()
            raise
        if claim is None:
            _free.release()
            break
        # A daemon: when the process is told to end, the lease hands the delivery to the next one.
        threading.Thread(target=_carry, args=(claim,), name="courier", daemon=True).start()
        claimed += 1
    return claimed


def _carry(claim: Claim) -> None:
    try:
        deliver(claim)
    except Exception as error:  # noqa: BLE001 - the outermost handler of the thread; the lease brings it back
        logger.error("callback.lost", extra={"delivery": claim.delivery_id, "error": type(error).__name__})  # noqa: TRY400 - one line
    finally:
        connection.close()
        _free.release()
