"""Where sockets' database work runs: a few threads of their own, so that page requests and sockets do not queue
behind each other, and the joining of many does not hold up what the others are waiting for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

_delivering = ThreadPoolExecutor(2, thread_name_prefix="live-deliver")
_joining = ThreadPoolExecutor(2, thread_name_prefix="live-join")


async def while_delivering(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a thread for what goes out to all."""
    return await _run(_delivering, partial(function, *args, **kwargs))


async def while_joining(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a thread for what one socket asks when it comes or catches up."""
    return await _run(_joining, partial(function, *args, **kwargs))


async def _run(executor: ThreadPoolExecutor, function: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, _with_live_connection, function)


def _with_live_connection(function: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()
