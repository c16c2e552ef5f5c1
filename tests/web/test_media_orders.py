import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sdc_core import messages
from sdc_core.messages import MediaUploaded
from sdc_core.service_client import connect
from sdc_core.webhooks import Keyring, new_secret
from sdc_web import media
from sdc_web.media.assets import new_asset

ASSET = new_asset("ab" * 32, "a.jpg", "image/jpeg", 9, "")


class Heard:
    """The requests that a listener got: head and body of each."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers | {"request": head[0]}, body))
        writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def _listening(status: str) -> AsyncGenerator[Heard]:
    heard = Heard(status)
    async with await asyncio.start_server(heard.answer, "127.0.0.1", 0) as server:
        heard.port = server.sockets[0].getsockname()[1]
        yield heard


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([new_secret()])


async def test_an_order_is_signed_and_names_the_asset(keyring: Keyring) -> None:
    async with _listening("202 Accepted") as heard, connect(f"http://127.0.0.1:{heard.port}", keyring) as worker:
        assert await media.order(worker, ASSET)
    ((headers, body),) = heard.requests
    verified = keyring.verify(headers, body)
    message = messages.decode(body)
    assert headers["request"] == "POST /images HTTP/1.1"
    assert verified.message_id == f"media-uploaded/{ASSET.id}/{'ab' * 8}"
    assert isinstance(message, MediaUploaded)
    assert (message.data.asset_id, message.data.sha256) == (ASSET.id, ASSET.sha256)


async def test_an_order_that_is_refused_is_only_logged(keyring: Keyring, caplog: pytest.LogCaptureFixture) -> None:
    async with _listening("503 Full") as heard, connect(f"http://127.0.0.1:{heard.port}", keyring) as worker:
        assert not await media.order(worker, ASSET)
    assert "the worker did not take an upload" in caplog.text


async def test_an_order_to_a_worker_that_is_away_is_only_logged(keyring: Keyring) -> None:
    async with connect("http://127.0.0.1:9", keyring) as worker:
        assert not await media.order(worker, ASSET)
