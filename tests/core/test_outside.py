"""Requests to the outside, with names that lead where the test says, to real sockets on loopback."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme
from sdc_core import attempts, outside

from loopback import serving

Resolver = Callable[..., None]
NOT_PUBLIC = "its address is none of the public internet"


class Server:
    """Keeps what it was sent and answers with `answer`."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.heads.append(head)
        self.bodies.append(
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0))
        )
        writer.write(self._answer)
        await writer.drain()


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Says where names lead; with `then` elsewhere from the second time on."""

    def leads(*addresses: str, then: str = "") -> None:
        answers = [addresses, (then,)] if then else [addresses]

        def found(_: object, port: int | None, *__: object, **___: object) -> list[tuple[object, ...]]:
            told = answers.pop(0) if len(answers) > 1 else answers[0]
            families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in told]
            return [
                (family, socket.SOCK_STREAM, 6, "", (each, port or 0))
                for family, each in zip(families, told, strict=True)
            ]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return leads


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%2", "fd00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "::127.0.0.1"),
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_what_is_no_host_of_the_public_internet_is_known(address: str) -> None:
    assert not outside.is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"])
def test_a_host_of_the_public_internet_is_one(address: str) -> None:
    assert outside.is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[::]"],
)
async def test_no_way_of_writing_it_leads_into_this_machine(host: str) -> None:
    server = Server()
    async with serving(server.serve) as address:
        attempt = await outside.post(f"http://{host}:{address.rpartition(':')[2]}/", b"", {})
    assert (attempt.status, attempt.error, server.heads) == (0, NOT_PUBLIC, [])


async def test_a_name_that_leads_into_the_network_is_refused(resolver: Resolver) -> None:
    resolver("10.0.0.7", "fd00::7")
    assert (await outside.post("https://hooks.example/", b"", {})).error == NOT_PUBLIC


async def test_a_name_is_resolved_once_so_what_was_checked_is_what_is_connected_to(resolver: Resolver) -> None:
    server = Server()
    async with serving(server.serve) as address:
        resolver("127.0.0.1", then="127.0.0.9")
        attempt = await outside.post(f"http://hooks.example:{address.rpartition(':')[2]}/", b"", {}, private=True)
    assert (attempt.status, len(server.heads)) == (200, 1)


async def test_where_private_addresses_are_allowed_the_name_is_still_the_one_asked_for(resolver: Resolver) -> None:
    server = Server()
    async with serving(server.serve) as address:
        port = address.rpartition(":")[2]
        resolver("127.0.0.1")
        attempt = await outside.post(
            f"http://hooks.example:{port}/in?a=1", b"{}", {"content-type": "application/json"}, private=True
        )
    assert (attempt.status, attempt.body) == (200, b"ok")
    assert server.heads[0].startswith("post /in?a=1 http/1.1\r\n")
    assert f"\r\nhost: hooks.example:{port}\r\n" in server.heads[0]
    assert "\r\ncontent-type: application/json\r\n" in server.heads[0]
    assert server.bodies == [b"{}"]


async def test_a_page_is_asked_for_in_the_same_way(resolver: Resolver) -> None:
    server = Server()
    async with serving(server.serve) as address:
        resolver("127.0.0.1")
        url = f"http://api.example:{address.rpartition(':')[2]}/user"
        attempt = await outside.get(url, {"authorization": "Bearer x"}, private=True)
        assert (await outside.get(url, {})).error == NOT_PUBLIC
    assert (attempt.status, attempt.body) == (200, b"ok")
    assert server.heads[0].startswith("get /user http/1.1\r\n")
    assert "\r\nauthorization: bearer x\r\n" in server.heads[0]


async def test_the_next_address_of_a_name_is_tried_when_nobody_is_at_the_first(resolver: Resolver) -> None:
    server = Server()
    async with serving(server.serve) as address:
        resolver("127.0.0.9", "127.0.0.1")
        attempt = await outside.post(f"http://hooks.example:{address.rpartition(':')[2]}/", b"", {}, private=True)
    assert (attempt.status, len(server.heads)) == (200, 1)


async def test_nobody_at_any_address_is_a_reason() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        attempt = await outside.post(f"http://127.0.0.1:{free.getsockname()[1]}/", b"", {}, private=True)
    assert attempt.error == "nothing answers at its address"


async def test_a_name_that_is_none_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (await outside.post("https://no-such.example/", b"", {})).error == "its name leads nowhere"


@pytest.mark.parametrize(
    "url", ["https://", "ftp://1.1.1.1/", "https://[::", "https://a:b/", "", "hub", "https://x.\x00/"]
)
async def test_an_address_that_is_none_is_an_attempt_with_a_reason(url: str) -> None:
    attempt = await outside.post(url, b"", {})
    assert attempt.status == 0
    assert attempt.error


async def test_an_answer_that_leads_elsewhere_is_not_followed() -> None:
    server = Server(b"HTTP/1.1 307 Over there\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
    async with serving(server.serve) as address:
        attempt = await outside.post(address, b"", {}, private=True)
    assert (attempt.status, len(server.heads)) == (307, 1)


async def test_of_a_huge_answer_the_beginning_is_read() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(65_536))
            sent += 65_536
            await writer.drain()

    async with serving(flood) as address:
        attempt = await outside.post(address, b"", {}, private=True)
    assert (attempt.status, len(attempt.body)) == (200, attempts.MAX_BEGINNING)
    assert sent < 16 * 1024 * 1024


async def test_silence_ends_at_the_deadline() -> None:
    async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(silence) as address:
        attempt = await outside.post(address, b"", {}, timeout_s=0.1, private=True)
    assert attempt.error == "it did not answer in time"


async def test_names_that_nobody_answers_for_hold_no_thread_that_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait(20) or [])
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(outside.post("https://hooks.example/", b"", {}, timeout_s=0.2))
            await asyncio.sleep(0)  # every one of them asks
            async with asyncio.timeout(60):
                assert await asyncio.to_thread(str, 1) == "1"
            assert not silent.is_set()
    finally:
        silent.set()


async def test_an_answer_that_is_no_http_is_a_short_reason_however_long_it_is() -> None:
    async with serving(Server(b"a" * 60_000 + b"\r\n\r\n").serve) as address:
        attempt = await outside.post(f"{address}/", b"", {}, private=True)
    assert attempt.error.startswith("illegal status line")
    assert len(attempt.error) == attempts.MAX_WORDS


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server = Server()
    async with serving(server.serve) as address:
        assert (await outside.post(address, b"", {}, private=True)).ok


@asynccontextmanager
async def tls(server: Server, authority: trustme.CA, name: str) -> AsyncGenerator[int]:
    """The port of that server with a certificate for that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whose certificates a test may come to trust."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That authority is one of the machine's."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
async def test_the_certificate_is_that_of_the_name_though_an_address_is_connected_to(
    authority: trustme.CA, resolver: Resolver
) -> None:
    server = Server()
    async with tls(server, authority, "hooks.example") as port:
        resolver("127.0.0.1")
        right = await outside.post(f"https://hooks.example:{port}/", b"", {}, private=True)
        wrong = await outside.post(f"https://other.example:{port}/", b"", {}, private=True)
    assert (right.status, right.error) == (200, "")
    assert (wrong.status, wrong.error) == (0, "its certificate is not one to trust")
    assert len(server.heads) == 1


async def test_a_server_without_tls_is_told_apart_from_none() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(plain) as address:
        attempt = await outside.post(address.replace("http:", "https:"), b"", {}, private=True)
    assert attempt.error == "it does not speak TLS"
