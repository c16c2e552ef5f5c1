"""Another site for webmentions: an HTTP server on loopback that answers by path, and what it was told."""

import asyncio
from urllib.parse import parse_qsl

import msgspec

MISSING = ("404 Not Found", "", "nothing here")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A POST that it got: `path` with its query."""

    path: str
    source: str
    target: str
    content_type: str


class Peer:
    """`pages` are answers by path: the status line, more header lines each ended by CRLF, and the body. `answers` are
    what the next POSTs are answered, `answer` all others. `asked` are the paths of all GETs.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, str, str]] = {}
        self.told: list[Told] = []
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.answer = "202 Accepted"
        self.answers: list[str] = []

    def page(self, path: str, body: str, headers: str = "", kind: str = "text/html; charset=utf-8") -> None:
        """There is this page from now on."""
        self.pages[path] = ("200 OK", f"content-type: {kind}\r\n{headers}", body)

    def taker(self, path: str = "/page") -> None:
        """There is a page that takes webmentions at `/webmention`."""
        self.page(path, "<p>A page.</p>", "Link: </webmention>; rel=webmention\r\n")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines[1:] if each)}
        method, path, _ = lines[0].split(" ")
        self.agents.append(headers.get("user-agent", ""))
        if method == "POST":
            form = dict(parse_qsl((await reader.readexactly(int(headers["content-length"]))).decode()))
            kind = headers["content-type"]
            self.told.append(Told(path=path, source=form["source"], target=form["target"], content_type=kind))
            status, more, body = self.answers.pop(0) if self.answers else self.answer, "", ""
        else:
            self.asked.append(path)
            status, more, body = self.pages.get(path, MISSING)
        sent = body.encode()
        head = f"HTTP/1.1 {status}\r\n{more}content-length: {len(sent)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + sent)
        await writer.drain()
