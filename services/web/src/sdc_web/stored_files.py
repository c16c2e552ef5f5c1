"""An object of the store as an answer, for whoever may have the file itself."""

import asyncio
from collections.abc import Mapping

from litestar.types import ASGIApp, Receive, Scope, Send
from sdc_core.objects import ObjectStore

from sdc_web.headers import SANDBOX

STREAM_S = 600.0
"""For a whole file, even to a slow line: each holds a connection to the object store."""


def streamed(store: ObjectStore, bucket: str, key: str, headers: Mapping[str, str]) -> ASGIApp:
    """The object, in which nothing can run. Raises NotFound and Unavailable as the store does."""
    told = {**headers, "content-security-policy": SANDBOX}

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        async with asyncio.timeout(STREAM_S), store.stream(bucket, key) as stream:
            sent = told | {"content-length": str(stream.size_bytes)}
            encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
            await send({"type": "http.response.start", "status": 200, "headers": encoded})
            async for chunk in stream.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return answer


def known(headers: Mapping[str, str]) -> ASGIApp:
    """The answer to who has the object already: 304."""

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 304, "headers": encoded})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return answer
