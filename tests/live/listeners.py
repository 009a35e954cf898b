"""`python -m tests.live.listeners URL ORIGIN`: open a socket per Cookie line of stdin and note when what arrived.

Prints `ready` when all are seated; on end of input prints one JSON object {event: [CLOCK_MONOTONIC seconds, …]}.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict

from websockets.asyncio.client import connect
from websockets.typing import Origin

_arrived: dict[int, list[float]] = defaultdict(list)


async def _listen(url: str, origin: str, cookie: str, seated: asyncio.Semaphore) -> None:
    headers = [("Cookie", cookie)]
    async with connect(url, origin=Origin(origin), additional_headers=headers, compression=None, proxy=None) as socket:
        async for text in socket:
            now = time.monotonic()
            message = json.loads(text)
            if "hello" in message:
                seated.release()
            elif "event" in message:
                _arrived[message["event"]].append(now)


async def _main(url: str, origin: str) -> None:
    loop = asyncio.get_running_loop()
    cookies = sys.stdin.readline().split()
    seated = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(_listen(url, origin, cookie, seated)) for cookie in cookies]
    for _ in cookies:
        await seated.acquire()
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    for task in tasks:
        task.cancel()
    print(json.dumps(_arrived), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
