"""The socket at `/ws/live/`: server to browser only, closed the moment its session is not good any more."""

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import parse_cookie
from django.utils import timezone

from live.delivery import Close, catch_up, judge
from live.hub import Hub
from live.member import Allowance, Member
from live.rendering import Message
from live.selectors import latest_id
from live.threads import while_joining
from live.viewers import Viewer, viewers
from live.wishes import Wishes

logger = logging.getLogger(__name__)

#: A page has nothing to say: a little is ignored, more ends the socket.
RECEIVED_BYTES = 4096
RECEIVED_MESSAGES = 20
RECEIVED_WITHIN_SECONDS = 10


class LiveConsumer(AsyncWebsocketConsumer):
    """Seats one socket in the hub and sends it what the hub has for it."""

    # The hub listens for all: without a layer Channels opens no subscription per socket.
    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._member: Member | None = None
        self._work: asyncio.Task[None] | None = None
        self._allowance = Allowance()
        self._received: deque[float] = deque(maxlen=RECEIVED_MESSAGES)
        self._is_over = False

    async def connect(self) -> None:
        """Accept first: a browser sees close codes only of a socket that was open."""
        await self.accept()
        self._work = asyncio.create_task(self._live())

    async def disconnect(self, code: int) -> None:
        """Give the seat back."""
        if self._work is not None:
            self._work.cancel()
        self._leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore what a page says, whatever it is; end the socket when it is much."""
        now = time.monotonic()
        self._received.append(now)
        is_often = len(self._received) == RECEIVED_MESSAGES and now - self._received[0] < RECEIVED_WITHIN_SECONDS
        if is_often or len(text_data or bytes_data or "") > RECEIVED_BYTES:
            if self._work is not None:
                self._work.cancel()
            await self._end(Close.TOO_MUCH_SENT)

    # --- one socket's life --------------------------------------------------------------------
    async def _live(self) -> None:
        try:
            code = await self._serve()
        except (OperationalError, InterfaceError):
            code = Close.TRY_LATER
        except Exception:
            logger.exception("live.socket_failed")
            code = Close.TRY_LATER
        await self._end(code)

    async def _serve(self) -> Close:
        wishes = Wishes.read(dict(parse_qsl(self.scope.get("query_string", b"").decode("latin1"))))
        key = self._session_key()
        viewer = await while_joining(_viewer_of, key)
        refusal = judge(viewer)
        if viewer is None or refusal is not None:
            return refusal or Close.SESSION_ENDED
        member = self._member = Member((key, wishes.topics), viewer.user.pk)
        if not await Hub.here().join(member):
            return Close.NOT_ALLOWED
        newest = await while_joining(latest_id)
        if wishes.since:
            await self._fill_gap(member, wishes.since)
        member.last_event = max(member.last_event, newest)
        await self._send_sign(member, newest)
        return await self._pass_on(member)

    async def _pass_on(self, member: Member) -> Close:
        while member.ending is None:
            message = await member.news()
            if message is not None:
                await self._send_message(member, message)
            elif member.has_gap and member.ending is None:
                member.mark_caught_up()
                await self._fill_gap(member, member.last_event)
        return member.ending

    async def _fill_gap(self, member: Member, since: int) -> None:
        answer = await while_joining(catch_up, member.seat, since)
        if isinstance(answer, Close):
            member.end(answer)
            return
        for message in answer:
            await self._send_message(member, message)

    async def _send_message(self, member: Member, message: Message) -> None:
        while member.ending is None and (wait := self._allowance.wait_seconds()):
            await asyncio.sleep(min(wait, 0.5))
        if member.ending is None and not member.is_outdated(message):
            self._allowance.spend(len(message.text))
            await self.send(text_data=message.text)

    async def _send_sign(self, member: Member, newest: int) -> None:
        """Say that the page is up to date as of event `newest`."""
        state = "on" if Hub.here().is_live else "off"
        hello = {"hello": True, "event": newest, "now": timezone.now().isoformat(), "live": state}
        await self._send_message(member, Message(json.dumps(hello)))

    async def _end(self, code: Close) -> None:
        self._leave()
        if not self._is_over:
            self._is_over = True
            await self.close(code=int(code))

    def _leave(self) -> None:
        if self._member is not None:
            Hub.here().leave(self._member)

    def _session_key(self) -> str:
        for name, value in self.scope.get("headers", ()):
            if name == b"cookie":
                return parse_cookie(value.decode("latin1")).get(settings.SESSION_COOKIE_NAME, "")
        return ""


def _viewer_of(session_key: str) -> Viewer | None:
    return viewers([session_key]).get(session_key)
