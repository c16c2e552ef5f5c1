import httpx
import pytest
from sdc_web import posts
from sdc_web.db import Databases

from signing_in import BROWSER, OWNER, come_in, send

TEXT = {"title": "On tea", "body_markdown": "Hot."}


@pytest.fixture
async def post_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A new draft of a signed-in author."""
    await come_in(client, databases)
    answer = await send(client, "/author/posts", {"kind": "post"})
    return answer.headers["location"].rpartition("/")[2]


async def draft(client: httpx.AsyncClient, post_id: str, base: int, **more: str) -> httpx.Response:
    sent = TEXT | {"base_revision": str(base)} | more
    return await send(client, f"/author/posts/{post_id}/draft", sent, "PUT", htmx=True)


async def titles(databases: Databases) -> list[str]:
    async with databases.site.read() as connection:
        return [each.title for each in await posts.series.everything(connection)]


async def published(client: httpx.AsyncClient, databases: Databases, post_id: str) -> str:
    """The id of the series that the post was published in."""
    await draft(client, post_id, 1, series="Tea", series_position="1")
    await send(client, f"/author/posts/{post_id}/publication", {"intent": "publish"})
    async with databases.site.read() as connection:
        (series,) = await posts.series.everything(connection)
    return series.id


async def test_a_new_series_is_made_when_the_post_is_published_and_not_while_its_title_is_typed(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    await draft(client, post_id, 1, series="T")
    await draft(client, post_id, 2, series="Tea", series_position="2")
    assert await titles(databases) == []
    editor = (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text
    assert 'name="series" type="text" value="Tea"' in editor
    assert 'name="series_position" type="number" value="2"' in editor
    await send(client, f"/author/posts/{post_id}/publication", {"intent": "publish"})
    assert await titles(databases) == ["Tea"]
    assert '<option value="Tea">' in (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("series", "x" * 101), ("series_position", "0"), ("series_position", "two"), ("series_position", "10000")],
)
async def test_a_series_that_cannot_be_is_refused_in_words(
    client: httpx.AsyncClient, post_id: str, field: str, value: str
) -> None:
    answer = await draft(client, post_id, 1, **({"series": "Tea"} | {field: value}))
    assert answer.status_code == 422
    assert "All is saved but this." in answer.text


async def test_a_page_belongs_to_no_series(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    answer = await send(client, "/author/posts", {"kind": "page"})
    page_id = answer.headers["location"].rpartition("/")[2]
    assert (await draft(client, page_id, 1, series="Tea")).status_code == 422


async def test_a_text_that_is_saved_over_another_keeps_its_series(client: httpx.AsyncClient, post_id: str) -> None:
    await draft(client, post_id, 1)
    conflict = await draft(client, post_id, 1, series="Tea", series_position="4")
    assert conflict.status_code == 412
    assert 'name="series" value="Tea"' in conflict.text
    assert 'name="series_position" value="4"' in conflict.text


async def test_words_of_a_series_are_changed_and_every_text_follows(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    series_id = await published(client, databases, post_id)
    assert "Tea" in (await client.get("/author/series", headers=BROWSER)).text
    form = {"title": "Of tea", "slug": "of-tea", "description": "Cups."}
    answer = await send(client, f"/author/series/{series_id}?_method=PUT", form)
    assert answer.headers["location"] == f"/author/series/{series_id}?said=saved"
    assert 'value="Of tea"' in (await client.get(f"/author/series/{series_id}", headers=BROWSER)).text
    async with databases.site.read() as connection:
        assert (await posts.revisions.newest(connection, OWNER, post_id)).series == "Of tea"
    assert (await client.get("/series/of-tea")).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 101),
        ("title", "CUPS"),
        ("slug", "A b"),
        ("slug", "cups"),
        ("description", "x" * 501),
    ],
)
async def test_words_that_cannot_be_are_said_at_their_field(
    client: httpx.AsyncClient, databases: Databases, post_id: str, field: str, value: str
) -> None:
    series_id = await published(client, databases, post_id)
    async with databases.site.transaction() as connection:
        await posts.series.named(connection, "Cups")
    form = {"title": "Tea", "slug": "tea", "description": ""} | {field: value}
    answer = await send(client, f"/author/series/{series_id}?_method=PUT", form)
    assert (answer.status_code, f'id="error-{field}"' in answer.text) == (422, True)
    assert await titles(databases) == ["Cups", "Tea"]


async def test_a_deleted_series_is_named_no_more(client: httpx.AsyncClient, databases: Databases, post_id: str) -> None:
    series_id = await published(client, databases, post_id)
    answer = await send(client, f"/author/series/{series_id}?_method=DELETE", {})
    assert answer.headers["location"] == "/author/series?said=deleted"
    assert await titles(databases) == []
    assert 'name="series" type="text" value=""' in (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text


async def test_a_series_that_is_not_there_is_not_found(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert (await client.get("/author/series/nothing", headers=BROWSER)).status_code == 404
