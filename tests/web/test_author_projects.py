"""Projects in the editor, which works without a script, and through the API."""

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Link, ProjectFacts

from api_client import program, token
from pictures import picture
from signing_in import BROWSER, OWNER, come_in, send

TEXT = {"title": "Lamp", "body_markdown": "Light."}


@pytest.fixture
async def post_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A new draft of a project of a signed-in author."""
    await come_in(client, databases)
    answer = await send(client, "/author/posts", {"kind": "project"})
    return answer.headers["location"].rpartition("/")[2]


async def save(client: httpx.AsyncClient, post_id: str, base: int, **more: str) -> httpx.Response:
    return await send(client, f"/author/posts/{post_id}/draft?_method=PUT", TEXT | {"base_revision": str(base)} | more)


async def stored(databases: Databases, post_id: str) -> ProjectFacts | None:
    async with databases.site.read() as connection:
        return (await posts.revisions.newest(connection, OWNER, post_id)).project


async def test_every_fact_is_saved_and_comes_back_as_it_was_typed(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    first, second = await picture(databases, "Its [inside]"), await picture(databases, "A lamp")
    sent = {
        "project_status": "resting",
        "project_section": " Electronics ",
        "project_repository": "https://git.example/lamp",
        "project_links": "All parts  /posts/parts\r\n\r\nhttps://shop.example/\r\n",
        "project_pictures": f"media:{first}\r\n![A lamp](media:{second})\r\n{first}",
    }
    assert (await save(client, post_id, 1, **sent)).status_code == 303
    assert await stored(databases, post_id) == ProjectFacts(
        status="resting",
        section="Electronics",
        repository="https://git.example/lamp",
        links=(
            Link(label="All parts", url="/posts/parts"),
            Link(label="shop.example", url="https://shop.example/"),
        ),
        pictures=(first, second),
    )
    editor = (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text
    assert "<option selected>resting</option>" in editor
    assert '<option value="Electronics">' in editor
    assert "All parts /posts/parts\nshop.example https://shop.example/</textarea>" in editor
    assert f"![Its (inside)](media:{first})\n![A lamp](media:{second})</textarea>" in editor


async def test_saving_what_is_there_already_makes_no_revision(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    asset_id = await picture(databases, "A lamp")
    await save(client, post_id, 1, project_links="x /x", project_pictures=asset_id)
    await save(client, post_id, 2, project_links="x  /x", project_pictures=f"![A lamp](media:{asset_id})")
    async with databases.site.read() as connection:
        assert (await posts.revisions.newest(connection, OWNER, post_id)).number == 2


async def test_a_chosen_picture_is_added_after_the_others_without_a_script(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    first, second = await picture(databases, "A lamp"), await picture(databases, "Its inside")
    await save(client, post_id, 1, project_pictures=f"media:{first}", add_picture=second)
    facts = await stored(databases, post_id)
    assert facts is not None
    assert facts.pictures == (first, second)


async def test_a_chosen_picture_goes_along_where_the_author_is_asked_first_or_refused(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    first, second = await picture(databases, "A lamp"), await picture(databases, "Its inside")
    chosen = {"project_pictures": f"media:{first}", "add_picture": second, "base_revision": "1"}
    asked = await send(client, f"/author/posts/{post_id}/publication", TEXT | chosen | {"body_markdown": "TODO"})
    assert f'name="project_pictures" value="media:{first}\n{second}"' in asked.text
    refused = await save(client, post_id, 2, **chosen | {"base_revision": "2", "title": "x" * 501})
    assert (refused.status_code, f"(media:{second})</textarea>" in refused.text) == (422, True)
    conflict = await save(client, post_id, 1, **chosen | {"base_revision": "1", "body_markdown": "Another."})
    assert (conflict.status_code, f'value="media:{first}\n{second}"' in conflict.text) == (412, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("project_status", "lost"),
        ("project_section", "x" * 41),
        ("project_repository", "ftp://x"),
        ("project_links", "only words"),
        ("project_pictures", "a lamp"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_not_dropped(
    client: httpx.AsyncClient, post_id: str, field: str, value: str
) -> None:
    answer = await save(client, post_id, 1, **{field: value})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert field == "project_status" or value in answer.text


async def test_a_conflict_shows_which_facts_differ_and_takes_mine_along(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    asset_id = await picture(databases, "A lamp")
    same = {"project_pictures": f"media:{asset_id}"}
    await save(client, post_id, 1, project_status="idea", **same)
    conflict = await save(client, post_id, 1, project_status="finished", project_pictures=f"![x](media:{asset_id})")
    assert conflict.status_code == 412
    assert "<dt>Status</dt><dd><del>idea</del><ins>finished</ins></dd>" in conflict.text
    assert "<dt>Pictures</dt>" not in conflict.text
    assert '<input type="hidden" name="project_status" value="finished">' in conflict.text


async def test_the_preview_shows_the_facts_and_pictures(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    asset_id = await picture(databases, "A lamp")
    await save(client, post_id, 1, project_status="idea", project_pictures=asset_id)
    page = (await client.get(f"/author/posts/{post_id}/preview", headers=BROWSER)).text
    assert "<dd>idea</dd>" in page
    assert f"/media/{asset_id}/960.jpg" in page.partition('aria-label="Pictures"')[2]


async def test_a_program_reads_and_writes_the_facts_of_a_project_alone(
    app: ASGIApp, databases: Databases, author_id: str
) -> None:
    async with program(app, await token(databases, author_id)) as api:
        facts = {"status": "idea", "links": [{"label": "Parts", "url": "/posts/parts"}]}
        made = await api.post("/posts", json={"kind": "project", "title": "Lamp", "project": facts})
        assert (made.status_code, made.json()["project"]) == (201, facts)
        address, known = f"/posts/{made.json()['id']}", {"If-Match": made.headers["etag"]}
        refused = await api.patch(address, json={"project": {"status": "lost"}}, headers=known)
        assert (refused.status_code, refused.json()["field"]) == (422, "project")
        changed = await api.patch(address, json={"project": {"section": "Light"}}, headers=known)
        assert changed.json()["project"] == {"section": "Light"}
        emptied = await api.patch(address, json={"project": None}, headers={"If-Match": changed.headers["etag"]})
        assert emptied.json()["project"] == {}
        post = await api.post("/posts", json={"title": "x", "project": None})
        assert post.json()["project"] is None
        wrong = await api.post("/posts", json={"title": "x", "project": facts})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "project")
