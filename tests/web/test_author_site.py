import httpx
import pytest
from sdc_web.db import Databases

from signing_in import BROWSER, come_in, send

WORDS = {"site_title": "Fog & light", "description": "About both.", "language": "de-CH"}


async def change_words(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    return await send(client, "/author/site?_method=PUT", WORDS | more)


async def test_the_words_of_the_site_are_on_the_very_next_page(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert "A new site" in (await client.get("/", headers={"cookie": ""})).text
    answer = await change_words(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/site?said=saved")
    page = (await client.get("/", headers={"cookie": ""})).text
    assert "<title>Fog &amp; light</title>" in page
    assert '<html lang="de-CH">' in page
    assert '<meta name="description" content="About both.">' in page
    assert 'value="Fog &amp; light"' in (await client.get("/author/site", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site_title", " "),
        ("site_title", "x" * 101),
        ("description", "x" * 301),
        ("description", "a\x7fb"),
        ("language", "English"),
        ("language", '"><script>'),
        ("elsewhere", "Mastodon http://example.org"),
        ("elsewhere", "Mastodon javascript:alert(1)"),
        ("elsewhere", "https://example.org/@ada"),
        ("elsewhere", "x" * 41 + " https://example.org"),
        ("elsewhere", "\n".join(f"Place {number} https://example.org" for number in range(13))),
    ],
)
async def test_words_that_cannot_be_are_said_at_their_field_and_nothing_is_changed(
    client: httpx.AsyncClient, databases: Databases, field: str, value: str
) -> None:
    await come_in(client, databases)
    answer = await change_words(client, **{field: value})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert "A new site" in (await client.get("/")).text


async def test_other_places_of_the_author_stand_at_the_foot_of_every_page(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    typed = "Mastodon https://example.org/@ada\n\n <b>Code</b>   https://git.example.org/ada?a&b "
    assert (await change_words(client, elsewhere=typed)).status_code == 303
    page = (await client.get("/posts")).text
    assert '<a href="https://example.org/@ada" rel="me external" lang="de-CH">Mastodon</a>' in page
    assert ">&lt;b&gt;Code&lt;/b&gt;</a>" in page
    assert '"sameAs":["https://example.org/@ada","https://git.example.org/ada?a&b"]' in (await client.get("/")).text
    assert "Mastodon https://example.org/@ada\n" in (await client.get("/author/site", headers=BROWSER)).text
