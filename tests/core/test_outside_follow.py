"""Pages outside, through what leads on to them, from real sockets on loopback."""

import asyncio
import gzip
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from sdc_core import attempts, outside

from loopback import serving

PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Site:
    """Answers by path; what it does not know is not there. `asked` are the paths that it was asked for, in turn."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {f"/{name}": answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        self.asked.append(path)
        writer.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"))
        await writer.drain()


def leads(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} On\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


async def test_an_address_is_followed_to_the_page_and_that_address_is_told() -> None:
    site = Site(a=leads("/b?x=1#part", 301), **{"b?x=1": leads("c", 307), "c": PAGE})
    async with serving(site.serve) as address:
        found = await outside.follow(f"{address}/a#top", {}, private=True)
    assert (found.at, found.attempt.status, found.attempt.body) == (f"{address}/c", 200, b"ok")
    assert site.asked == ["/a", "/b?x=1", "/c"]


async def test_what_leads_on_for_ever_is_left_after_so_many_times() -> None:
    site = Site(a=leads("/b"), b=leads("/a"))
    async with serving(site.serve) as address:
        found = await outside.follow(f"{address}/a", {}, private=True)
    assert (found.attempt.status, found.attempt.error) == (0, "it leads on more than 5 times")
    assert len(site.asked) == outside.MAX_HOPS + 1


async def test_the_fifth_redirect_is_still_followed() -> None:
    site = Site(**{str(each): leads(f"/{each + 1}") for each in range(5)}, **{"5": PAGE})
    async with serving(site.serve) as address:
        assert (await outside.follow(f"{address}/0", {}, private=True)).attempt.body == b"ok"


@pytest.mark.parametrize(
    "inside", ["127.0.0.9", "10.0.0.7", "169.254.169.254", "[::1]", "0x7f.0.0.9", "inside.example"]
)
async def test_a_public_page_does_not_lead_into_the_network(monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    """127.0.0.1 alone is taken for the public internet here, and any name for one within."""
    resolve = socket.getaddrinfo

    def resolved(host: str, port: int | None, *, type: int) -> object:  # noqa: A002  what the resolver calls it
        return resolve("10.0.0.8" if host.endswith(".example") else host, port, type=type)

    def is_public(address: IPv4Address | IPv6Address) -> bool:
        return str(address) == "127.0.0.1"

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(outside, "is_public", is_public)
    site = Site()
    async with serving(site.serve) as address:
        site.answers["/a"] = leads(f"http://{inside}:{address.rpartition(':')[2]}/secret")
        found = await outside.follow(f"{address}/a", {})
    assert (found.attempt.status, found.attempt.error) == (0, outside.NOT_PUBLIC)
    assert site.asked == ["/a"]


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:1", "http://user:word@127.0.0.1/", "http://[::"],
)
async def test_what_leads_to_no_page_is_a_reason(location: str) -> None:
    site = Site(a=leads(location))
    async with serving(site.serve) as address:
        found = await outside.follow(f"{address}/a", {}, private=True)
    assert found.attempt.status == 0
    assert found.attempt.error
    assert site.asked == ["/a"]


async def test_the_deadline_is_that_of_the_whole_way() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(leads("/on"))
        await writer.drain()

    async with serving(slow) as address:
        found = await outside.follow(f"{address}/a", {}, timeout_s=0.5, private=True)
    assert found.attempt.error == "it did not answer in time"


async def test_of_a_huge_page_one_megabyte_is_read() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(65_536))
            await writer.drain()

    async with serving(flood) as address:
        found = await outside.follow(address, {}, private=True)
    assert (found.attempt.status, len(found.attempt.body)) == (200, attempts.MAX_PAGE)


async def test_a_page_that_is_packed_unasked_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n".encode()
    async with serving(Site(a=head + bomb).serve) as address:
        found = await outside.follow(f"{address}/a", {}, private=True)
    assert (found.attempt.body, found.attempt.error) == (b"", "it packs its answer, which nobody asked for")


async def test_what_a_page_says_of_itself_is_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nLink: </a>; rel=me\r\nLink: </b>; rel=webmention\r\n"
    async with serving(Site(a=head + b"content-length: 0\r\n\r\n").serve) as address:
        attempt = (await outside.follow(f"{address}/a", {}, private=True)).attempt
    assert (attempt.content_type, attempt.links) == ("text/html", "</a>; rel=me, </b>; rel=webmention")


async def test_overlong_headers_are_left_out() -> None:
    head = b"HTTP/1.1 200 OK\r\nLink: <" + b"a" * attempts.MAX_LINKS + b">; rel=webmention\r\ncontent-length: 0\r\n\r\n"
    async with serving(Site(a=head).serve) as address:
        attempt = (await outside.follow(f"{address}/a", {}, private=True)).attempt
    assert (attempt.status, attempt.links) == (200, "")
