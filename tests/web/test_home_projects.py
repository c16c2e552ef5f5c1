"""The projects on the home page, chosen and put in order by the author."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from sdc_core.errors import NotFound
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Post

from signing_in import BROWSER, OWNER, come_in, send

Publish = Callable[..., Awaitable[Post]]
HOME = "/author/site/home"


@pytest.fixture
async def three(publish: Publish) -> list[str]:
    """Ids of three published projects."""
    return [(await publish(title, kind="project", summary=f"A {title}.")).id for title in ("Clock", "Lamp", "Case")]


async def shown(client: httpx.AsyncClient) -> list[str]:
    """The projects on the home page as readers see it."""
    page = (await client.get("/")).text
    return [each.partition('"')[0] for each in page.split('href="/projects/')[1:]]


async def test_readers_see_what_is_chosen_in_its_order_and_at_once(
    client: httpx.AsyncClient, databases: Databases, three: list[str]
) -> None:
    assert await shown(client) == []
    assert 'id="projects"' not in (await client.get("/")).text
    for post_id in (three[2], three[0], three[2]):
        await posts.home.choose(databases.site, OWNER, post_id)
    assert await shown(client) == ["case", "clock"]
    await posts.home.move(databases.site, OWNER, three[0], "up")
    assert await shown(client) == ["clock", "case"]
    await posts.home.leave(databases.site, OWNER, three[0])
    assert await shown(client) == ["case"]
    assert "A Case." in (await client.get("/")).text


async def test_a_chosen_project_is_seen_only_while_it_is_published(
    client: httpx.AsyncClient, databases: Databases, three: list[str]
) -> None:
    for post_id in three:
        await posts.home.choose(databases.site, OWNER, post_id)
    await posts.unpublish(databases.site, OWNER, three[1])
    assert await shown(client) == ["clock", "case"]
    await posts.publish(databases.site, OWNER, three[1])
    assert await shown(client) == ["clock", "lamp", "case"]
    await posts.trash.put(databases.site, OWNER, three[0])
    assert await shown(client) == ["lamp", "case"]


async def test_the_author_chooses_moves_and_takes_off_with_plain_forms(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    ids = [(await posts.create(databases.site, author.actor, "project")).id for _ in range(2)]
    for post_id in ids:
        answer = await send(client, HOME, {"post_id": post_id})
        assert answer.headers["location"] == f"{HOME}?said=saved"
    await send(client, f"{HOME}/{ids[1]}?_method=PUT", {"way": "up"})
    moved = await send(client, f"{HOME}/{ids[1]}?_method=PUT", {"way": "up"})
    page = (await client.get(HOME, headers=BROWSER)).text
    assert page.index(f'id="home-project-{ids[1]}"') < page.index(f'id="home-project-{ids[0]}"')
    # At the top there is no further up: the other button has the focus.
    assert moved.headers["location"] == f"{HOME}?said=saved#down-{ids[1]}"
    assert f'id="down-{ids[1]}"' in page
    assert "not published: readers do not see it" in page
    await send(client, f"{HOME}/{ids[1]}?_method=DELETE", {})
    page = (await client.get(HOME, headers=BROWSER)).text
    assert f'id="home-project-{ids[1]}"' not in page
    assert f'name="post_id" value="{ids[1]}"' in page


async def test_only_projects_are_chosen_and_no_more_than_there_is_room_for(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = (await come_in(client, databases)).actor
    post = await posts.create(databases.site, author, "post")
    assert (await send(client, HOME, {"post_id": post.id})).status_code == 422
    assert (await send(client, HOME, {"post_id": "nothing"})).status_code == 404
    for _ in range(posts.home.MAX_CHOSEN):
        await posts.home.choose(databases.site, OWNER, (await posts.create(databases.site, author, "project")).id)
    more = await posts.create(databases.site, author, "project")
    refused = await send(client, HOME, {"post_id": more.id})
    assert (refused.status_code, "take one off first" in refused.text) == (409, True)


async def test_what_is_not_on_the_home_page_cannot_be_moved_there(databases: Databases, three: list[str]) -> None:
    with pytest.raises(NotFound):
        await posts.home.move(databases.site, OWNER, three[0], "down")
