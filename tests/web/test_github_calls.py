import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from sdc_core.errors import Unauthorized, Unavailable
from sdc_core.settings import Settings
from sdc_web.authors import github_calls
from sdc_web.authors.github_calls import Provider, identify

from loopback import serving
from signing_in import BROWSER

TOKEN = b'{"access_token": "gho_x", "token_type": "bearer", "scope": ""}'
WHO = b'{"id": 7, "login": "ada", "name": null, "more": [1]}'
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


class Github:
    """Says what a test wants of it, one answer after another, and keeps what it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[str] = []
        self.bodies: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
        self.bodies.append((await reader.readexactly(length)).decode())
        if not self.answers:
            await asyncio.Event().wait()
        writer.write(self.answers.pop(0))
        await writer.drain()


@asynccontextmanager
async def asking(github: Github) -> AsyncGenerator[Provider]:
    async with serving(github.serve) as address:
        yield Provider(
            client_id="me",
            client_secret="hush",
            allowed_ids=(7,),
            redirect_uri="http://localhost:8000/author/github/callback",
            token_url=f"{address}/access_token",
            user_url=f"{address}/user",
            call_s=0.5,
            private=True,
        )


async def test_a_code_becomes_a_token_and_the_token_a_number() -> None:
    github = Github(http(TOKEN), http(WHO))
    async with asking(github) as provider:
        who = await identify(provider, "the-code", "the-verifier")
    assert (who.id, who.login) == (7, "ada")
    assert github.heads[0].startswith("POST /access_token ")
    assert "code=the-code&" in github.bodies[0]
    assert "code_verifier=the-verifier" in github.bodies[0]
    assert "authorization: bearer gho_x" in github.heads[1].lower()
    assert all("user-agent: sdc\r\n" in head.lower() for head in github.heads)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b'{"error": "bad_verification_code", "error_description": "<b>Evil</b>"}'), "took too long"),
        (http(b'{"error": "incorrect_client_credentials"}'), "SDC_GITHUB_CLIENT_SECRET"),
        (http(b'{"error": "redirect_uri_mismatch"}'), "/author/github/callback"),
        (http(b'{"error": "something_new"}'), "GitHub refused this sign-in"),
        (http(b'{"error": "invalid_client"}', "401 Unauthorized"), "GitHub refused this sign-in"),
        (http(b"Not Found", "404 Not Found"), "GitHub refused this sign-in"),
        (http(b"{}"), "GitHub refused this sign-in"),
    ],
)
async def test_what_github_refuses_is_told_in_our_words(answer: bytes, words: str) -> None:
    async with asking(Github(answer)) as provider:
        with pytest.raises(Unauthorized, match=words) as refused:
            await identify(provider, "c", "v")
    assert "Evil" not in str(refused.value)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [b""],
        [b"nonsense\r\n\r\n"],
        [http(b"", "503 Service Unavailable")],
        [http(b"", "302 Found")],
        [http(b"<html>")],
        [http(b"[]")],
        [http(b'{"access_token": 5}')],
        [http(b'\xff{"access_token": "x"}')],
        [http(b'{"access_token": "a\\nb"}')],
        [http(b'{"access_token": "\\u00e9"}')],
        [http(b" " * 200_000 + TOKEN)],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"],
        [http(TOKEN)],
        [http(TOKEN), http(b"", "403 Forbidden")],
        [http(TOKEN), http(b'{"id": "7", "login": "ada"}')],
        [http(TOKEN), http(b'{"login": "ada"}')],
        [http(TOKEN), http(b'{"id": 99999999999999999999999999, "login": "ada"}')],
        [http(TOKEN), http(b"null")],
    ],
)
async def test_a_github_that_is_away_slow_or_talks_nonsense_is_unavailable(answers: list[bytes]) -> None:
    async with asking(Github(*answers)) as provider:
        async with asyncio.timeout(60):
            with pytest.raises(Unavailable):
                await identify(provider, "c", "v")


async def test_a_github_that_nobody_answers_for_is_unavailable() -> None:
    async with asking(Github()) as provider:
        pass
    with pytest.raises(Unavailable, match="nothing answers at its address"):
        await identify(provider, "c", "v")


async def test_the_real_github_is_never_asked_at_a_private_address() -> None:
    async with asking(Github(http(TOKEN), http(WHO))) as provider:
        with pytest.raises(Unavailable, match="none of the public internet"):
            await identify(msgspec.structs.replace(provider, private=False), "c", "v")


def configured(**more: object) -> Settings:
    return Settings(SITE_URL="https://site.example", _env_file=None, **more)  # ty: ignore[invalid-argument-type]


WHOLE = {"GITHUB_CLIENT_ID": "a", "GITHUB_CLIENT_SECRET": "b", "GITHUB_ALLOWED_IDS": (7,)}


def test_github_is_offered_once_all_three_settings_are_there() -> None:
    found = github_calls.provider(configured(**WHOLE))
    assert found is not None
    assert found.redirect_uri == "https://site.example/author/github/callback"
    assert found.authorize_url.startswith("https://github.com/")
    assert not found.private


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_setting_that_is_missing_is_named_and_nothing_is_offered(name: str) -> None:
    half = configured(**{key: value for key, value in WHOLE.items() if key != name})
    assert github_calls.provider(half) is None
    assert github_calls.missing(half) == [f"SDC_{name}"]


def test_nothing_is_missing_where_nothing_was_begun() -> None:
    assert github_calls.missing(configured()) == []


async def test_a_site_without_github_neither_shows_it_nor_has_its_addresses(client: httpx.AsyncClient) -> None:
    assert "GitHub" not in (await client.get("/author/sign-in", headers=BROWSER)).text
    form = {"return_to": ""}
    assert (await client.post("/author/sign-in/github", data=form, headers=BROWSER)).status_code == 404
    assert (await client.get("/author/github/callback?code=a&state=b", headers=BROWSER)).status_code == 404
    assert (await client.get("/mock-github/authorize", headers=BROWSER)).status_code == 404
