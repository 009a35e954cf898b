"""The one subscription of a web process: pointers come in, and whether Redis is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from django.conf import settings
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from live.pointers import Pointer, channel

logger = logging.getLogger(__name__)

#: After this long without a word Redis is asked whether it is there, and given as long again to answer.
QUIET_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class Listener:
    """Subscribes, hears, and subscribes again for ever. `on_up` is awaited before anything is heard."""

    def __init__(
        self,
        *,
        on_pointer: Callable[[Pointer], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[], None],
    ) -> None:
        self._on_pointer = on_pointer
        self._on_up = on_up
        self._on_down = on_down

    async def run(self) -> None:
        """Never returns; every way of losing Redis ends in another try."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._client() as client, client.pubsub() as subscription:
                    await self._subscribe(subscription)
                    pause = FIRST_PAUSE_SECONDS
                    await self._on_up()
                    await self._hear(subscription)
            except (redis.RedisError, OSError, TimeoutError) as error:
                logger.info("live.redis_lost", extra={"error": type(error).__name__})
            self._on_down()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    @staticmethod
    def _client() -> "aioredis.Redis":
        # No retries below us: a subscription that redis-py renews by itself hides that something was missed.
        return aioredis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )

    @staticmethod
    async def _subscribe(subscription: Any) -> None:
        async with asyncio.timeout(QUIET_SECONDS):
            await subscription.subscribe(channel())
            answer = await subscription.get_message(timeout=QUIET_SECONDS)
        if answer is None or answer["type"] != "subscribe":
            raise redis.ConnectionError("no answer to SUBSCRIBE")

    async def _hear(self, subscription: Any) -> None:
        is_asked = False
        while True:
            message = await subscription.get_message(timeout=QUIET_SECONDS)
            if message is not None:
                is_asked = False
                self._take(message)
            elif is_asked:
                raise redis.ConnectionError("no answer to PING")
            else:
                await subscription.ping()
                is_asked = True

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] != "message":
            return
        try:
            pointer = Pointer.from_json(message["data"])
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("live.pointer_unreadable", extra={"error": type(error).__name__})
            return
        self._on_pointer(pointer)
