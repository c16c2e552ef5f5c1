"""The receiving end of web's hooks, for tests of whoever calls them."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from sdc_core import messages
from sdc_core.messages import Message
from sdc_core.webhooks import Keyring

Event: TypeAlias = MutableMapping[str, Any]
"""As httpx's ASGI transport has it."""


class Web:
    """The receiving end of web's hook surface: verifies as web does, remembers what came, answers `status`,
    `headers` and `body`, or first `bodies` in turn, once `answering` is set.
    """

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self.status = 200
        self.body = b'{"published": 0}'
        self.bodies: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.received: list[tuple[str, Message]] = []

    async def __call__(
        self, scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]
    ) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        verified = self.keyring.verify(headers, body)
        assert scope["path"] == "/hooks"
        self.received.append((verified.message_id, messages.decode(body)))
        await self.answering.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.bodies.pop(0) if self.bodies else self.body})
