"""An author with a password, and a browser in which they are signed in."""

import asyncio
from collections.abc import Mapping

import httpx
from msgspec.structs import replace
from sdc_web.authors import accounts, store
from sdc_web.authors.rights import Actor
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions import signed_in

LIMIT_S = 60.0
NAME = "ada"
PASSWORD = "correct horse battery staple"
BROWSER = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
OWNER = Actor(id="01K000000000000000000000DA", name="ada", role="owner")
"""The one author of most tests, made by each of the functions here and by the fixture `author_id`."""
HTMX = {**BROWSER, "HX-Request": "true", "HX-Request-Type": "partial"}


async def make_author(databases: Databases) -> Author:
    return await _insert(databases, PASSWORD)


async def come_in(client: httpx.AsyncClient, databases: Databases) -> Author:
    """An author without a password who is signed in already: hashing one and checking it takes a tenth of a second."""
    author = await _insert(databases, None)
    await prove(client, databases, author)
    return author


async def prove(client: httpx.AsyncClient, databases: Databases, author: Author) -> None:
    """They sign in, which is a fresh proof."""
    started = await signed_in.start(databases, author, user_agent="Browser", country="")
    bring(client, started.token)


def as_actor(author: Author) -> Actor:
    """That author, as whoever does something."""
    return Actor(id=author.id, name=author.name, role=author.role)


async def _insert(databases: Databases, password: str | None) -> Author:
    made = await accounts.prepare(name=NAME, display_name="Ada Lovelace", password=password, role=OWNER.role)
    author = replace(made, id=OWNER.id)
    async with databases.site.transaction() as connection:
        await store.insert(connection, author)
    return author


def bring(client: httpx.AsyncClient, token: str) -> None:
    """The client holds this session's cookie as if the site had set it, so that the site can change it."""
    client.cookies.set("sdc_session", token, domain="localhost.local")


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, name: str = NAME) -> httpx.Response:
    """Send the form as a browser would; the client keeps the cookie."""
    return await send(client, "/author/sign-in", {"name": name, "password": password, "return_to": ""})


async def send(
    client: httpx.AsyncClient, path: str, form: Mapping[str, str], method: str = "POST", *, htmx: bool = False
) -> httpx.Response:
    """A form as a browser or as htmx sends it."""
    return await client.request(method, path, data=dict(form), headers=HTMX if htmx else BROWSER)


async def seen(client: httpx.AsyncClient, text: str, path: str) -> str:
    """The page once it holds the text: lines take a moment to the worker."""
    async with asyncio.timeout(LIMIT_S):
        while text not in (answer := await client.get(path, headers=BROWSER)).text:
            assert answer.status_code == 200
            await asyncio.sleep(0.1)
    return answer.text
