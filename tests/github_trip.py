"""A browser's way to GitHub and back, by the forms and links of its pages."""

import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType

import httpx

from signing_in import BROWSER, send

NOWHERE: Mapping[str, str] = MappingProxyType({"return_to": ""})
ADA, GRACE, STRANGER, DENY = "1001", "1002", "1003", "0"


async def go(client: httpx.AsyncClient, path: str = "/author/sign-in/github", form: Mapping[str, str] = NOWHERE) -> str:
    """Leave for GitHub; the address there."""
    page = await send(client, path, form)
    assert page.status_code == 200, page.text
    onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert onward is not None
    return unescape(onward[1])


async def choose(client: httpx.AsyncClient, address: str, person: str) -> str:
    """Say there who one is; the address back."""
    page = await client.get(address, headers=BROWSER)
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    form = {name: unescape(value) for name, value in hidden}
    return (await send(client, "/mock-github/authorize", {**form, "person": person})).headers["location"]


async def travel(
    client: httpx.AsyncClient,
    person: str,
    path: str = "/author/sign-in/github",
    form: Mapping[str, str] = NOWHERE,
) -> httpx.Response:
    """All of it: what the site answers to who comes back."""
    back = await choose(client, await go(client, path, form), person)
    return await client.get(back, headers=BROWSER)
