"""Pictures that are mere decoration: nothing is to be said of them, and nobody is asked for it again."""

import httpx
import pytest
from sdc_core.settings import Settings
from sdc_web import checks, media, posts
from sdc_web.db import Databases
from sdc_web.media import assets, library
from sdc_web.media.library import Filters
from sdc_web.posts import Draft

import pictures
from signing_in import BROWSER, OWNER, come_in, send

SITE = "http://localhost:8000"
SAID = {"alt": "", "title": "", "caption": "", "focus_x": "50", "focus_y": "50"}


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def asset_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A picture of which nothing is said, of a signed-in author."""
    await come_in(client, databases)
    made = await pictures.picture(databases, "Ornament")
    await media.set_alt(databases.site, OWNER, made, "")
    return made


async def asset(databases: Databases, asset_id: str) -> media.Asset:
    async with databases.site.read() as connection:
        return await assets.require(connection, asset_id)


async def missing(databases: Databases) -> int:
    async with databases.site.read() as connection:
        return await library.count(connection, Filters(alt="missing"))


async def test_it_is_said_on_its_page_and_taken_back_there(
    client: httpx.AsyncClient, databases: Databases, asset_id: str
) -> None:
    address = f"/author/media/{asset_id}"
    assert "Still empty" in (await client.get(address, headers=BROWSER)).text
    assert await missing(databases) == 1
    await send(client, f"{address}?_method=PUT", {**SAID, "decorative": "on"})
    page = (await client.get(address, headers=BROWSER)).text
    assert ("Still empty" in page, 'name="decorative" checked' in page) == (False, True)
    assert ">decoration</p>" in "".join((await client.get("/author/media", headers=BROWSER)).text.split("\n"))
    assert await missing(databases) == 0
    await send(client, f"{address}?_method=PUT", SAID)
    assert not (await asset(databases, asset_id)).decorative
    assert await missing(databases) == 1


async def test_words_take_it_back(databases: Databases, client: httpx.AsyncClient, asset_id: str) -> None:
    answer = await send(
        client, "/author/media/alt?_method=PUT", {f"alt-{asset_id}": "", f"decorative-{asset_id}": "on"}
    )
    assert answer.status_code == 303
    assert (await asset(databases, asset_id)).decorative
    assert "Every picture says what it shows" in (await client.get("/author/media/alt", headers=BROWSER)).text
    ticked = (await client.get(f"/author/media/alt?asset={asset_id}", headers=BROWSER)).text
    assert "Mere decoration, until something is said of it." in ticked
    await media.set_alt(databases.site, OWNER, asset_id, "A border of leaves")
    found = await asset(databases, asset_id)
    assert (found.alt, found.decorative) == ("A border of leaves", False)


async def test_the_check_before_a_text_goes_out_asks_no_more(databases: Databases, asset_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    body = f"Fog.\n\n![](media:{asset_id})"
    draft = Draft(title="Fog", summary="Fog.", body=body, cover_asset_id=asset_id)

    async def lines() -> list[int | None]:
        found = await checks.look(databases.site, post, draft, SITE)
        return [each.line for each in found if each.rule == "no-alt"]

    assert await lines() == [None, 3]
    await media.describe(databases.site, OWNER, asset_id, media.Words(decorative=True))
    assert await lines() == []


async def test_what_is_called_decoration_alone_says_nothing_any_more(databases: Databases, asset_id: str) -> None:
    await media.set_alt(databases.site, OWNER, asset_id, "A cup")
    said = await media.describe(databases.site, OWNER, asset_id, media.Words(decorative=True))
    assert (said.alt, said.decorative) == ("", True)
