from datetime import UTC, datetime

import httpx
import pytest
from sdc_core import clock
from sdc_core.sqlite import execute
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post

from signing_in import BROWSER, OWNER, come_in, send

LATER = "2099-01-02T03:04"
LATEST = "2099-02-03T04:05"


@pytest.fixture
async def live(client: httpx.AsyncClient, databases: Databases) -> Post:
    """A published post of a signed-in author."""
    await come_in(client, databases)
    made = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, made.id, Draft(title="Fog", body="Live."), 1)
    return await posts.publish(databases.site, OWNER, made.id)


def form(body: str, base: int, **more: str) -> dict[str, str]:
    return {"title": "Fog", "slug": "fog", "body_markdown": body, "base_revision": str(base), **more}


async def editor(client: httpx.AsyncClient, post: Post) -> str:
    return (await client.get(f"/author/posts/{post.id}", headers=BROWSER)).text


async def test_an_unpublished_change_of_a_live_post_is_shown_as_one(client: httpx.AsyncClient, live: Post) -> None:
    before = await editor(client, live)
    saved = await send(client, f"/author/posts/{live.id}/draft", form("Changed.", 2), "PUT", htmx=True)
    assert "Your change is not published" not in before
    for page in (saved.text, await editor(client, live)):
        assert "Readers see revision 2." in page
        assert "Your change is not published" in page


async def test_what_was_written_after_scheduling_is_said_to_stay_behind(client: httpx.AsyncClient, live: Post) -> None:
    scheduled = form("The change.", 2, publish_at=LATER)
    await send(client, f"/author/posts/{live.id}/publication", scheduled)
    assert "Revision 3 goes out" in await editor(client, live)
    assert "state-scheduled" in (await client.get(f"/author/posts/{live.id}/revisions", headers=BROWSER)).text
    answer = await send(client, f"/author/posts/{live.id}/draft", form("And a word.", 3), "PUT", htmx=True)
    assert "What you wrote since is no part of it" in answer.text
    taken = await send(client, f"/author/posts/{live.id}/publication", form("And a word.", 4, publish_at=LATER))
    assert taken.headers["location"].endswith("said=scheduled")
    assert "Revision 4 goes out" in await editor(client, live)


async def test_taking_a_change_from_the_schedule_saves_what_the_form_holds(
    client: httpx.AsyncClient, databases: Databases, live: Post
) -> None:
    await send(client, f"/author/posts/{live.id}/publication", form("The change.", 2, publish_at=LATER))
    answer = await send(client, f"/author/posts/{live.id}/schedule?_method=DELETE", form("Typed since.", 3))
    assert answer.headers["location"].endswith("said=unscheduled")
    page = await editor(client, live)
    assert "goes out" not in page
    assert "Typed since." in page
    assert "Live." in (await client.get("/posts/fog")).text


async def test_a_post_is_published_with_an_end(client: httpx.AsyncClient, live: Post) -> None:
    await send(client, f"/author/posts/{live.id}/publication", form("Live still.", 2, unpublish_at=LATER))
    page = await editor(client, live)
    assert "It leaves the site <time" in page
    assert f'value="{LATER}"' in page


async def test_an_end_is_set_without_publishing_the_change(client: httpx.AsyncClient, live: Post) -> None:
    sent = form("A change.", 2, unpublish_at=LATER)
    answer = await send(client, f"/author/posts/{live.id}/expiry?_method=PUT", sent)
    assert answer.headers["location"].endswith("said=leaves")
    assert "Live." in (await client.get("/posts/fog")).text
    assert "A change." in await editor(client, live)
    answer = await send(client, f"/author/posts/{live.id}/expiry?_method=PUT", form("A change.", 3))
    assert answer.headers["location"].endswith("said=stays")
    assert "It leaves the site <time" not in await editor(client, live)


@pytest.mark.parametrize("moment", ["1999-01-01T00:00", "tomorrow"])
async def test_an_end_that_cannot_be_is_refused_beside_its_field_and_the_text_stays(
    client: httpx.AsyncClient, live: Post, moment: str
) -> None:
    base = 2
    for path in ("expiry?_method=PUT", "publication"):
        answer = await send(client, f"/author/posts/{live.id}/{path}", form("Typed.", base, unpublish_at=moment))
        assert answer.status_code == 422
        assert 'id="error-unpublish_at"' in answer.text
        assert "Typed." in answer.text
        base = int(answer.text.partition('name="base_revision" value="')[2].partition('"')[0])


async def test_an_end_before_the_beginning_is_refused(
    client: httpx.AsyncClient, databases: Databases, live: Post
) -> None:
    made = await posts.create(databases.site, OWNER, "post")
    sent = {**form("Typed.", 1, publish_at=LATEST, unpublish_at=LATER), "slug": "mist"}
    answer = await send(client, f"/author/posts/{made.id}/publication", sent)
    assert answer.status_code == 422
    assert "before it goes out" in answer.text


@pytest.mark.parametrize(("method", "path"), [("DELETE", "schedule"), ("PUT", "expiry"), ("DELETE", "draft")])
async def test_an_old_tab_gets_a_conflict_from_every_button(
    client: httpx.AsyncClient, live: Post, method: str, path: str
) -> None:
    await send(client, f"/author/posts/{live.id}/draft", form("From the first tab.", 2), "PUT", htmx=True)
    answer = await send(client, f"/author/posts/{live.id}/{path}?_method={method}", form("From the second.", 2))
    assert answer.status_code == 412
    assert "From the second." in answer.text
    assert "From the first tab." in answer.text


async def test_the_home_page_tells_what_comes_and_what_was_missed(
    client: httpx.AsyncClient, databases: Databases, live: Post
) -> None:
    await send(client, f"/author/posts/{live.id}/publication", form("Live.", 2, unpublish_at=LATEST, intent="anyway"))
    later = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, later.id, Draft(title="About <us>"), 1)
    await posts.publish(databases.site, OWNER, later.id, clock.now_us() + clock.DAY_US)
    async with databases.site.transaction() as connection:
        missed = {"id": live.id, "reason": "another post has the address"}
        await execute(connection, "UPDATE posts SET schedule_failure = :reason WHERE id = :id", missed)
    page = (await client.get("/author", headers=BROWSER)).text
    assert 'About &lt;us&gt;</a> <span class="state state-scheduled">goes out in' in page
    assert 'Fog</a> <span class="state state-scheduled">leaves in' in page
    assert "Fog: another post has the address" in page
    assert "leaves <time" in (await client.get("/author/posts", headers=BROWSER)).text


@pytest.fixture
async def in_new_york(client: httpx.AsyncClient, live: Post) -> Post:
    """The same post; its author has chosen a time zone."""
    await send(client, "/author/account/time-zone", {"time_zone": "America/New_York"}, "PUT")
    return live


async def test_moments_are_read_and_shown_in_the_zone_that_stands_beside_them(
    client: httpx.AsyncClient, databases: Databases, in_new_york: Post
) -> None:
    post = in_new_york
    assert '<label for="field-publish_at">Publish at (America/New York)</label>' in await editor(client, post)
    sent = form("The change.", 2, publish_at="2099-07-02T03:04", zone="America/New_York")
    await send(client, f"/author/posts/{post.id}/publication", sent)
    async with databases.site.read() as connection:
        scheduled = await posts.find(connection, OWNER, post.id)
    assert scheduled.scheduled_at_us == clock.from_datetime(datetime(2099, 7, 2, 7, 4, tzinfo=UTC))
    page = await editor(client, post)
    assert 'value="2099-07-02T03:04"' in page
    assert "2 July 2099, 03:04 EDT" in page
    assert "2 July 2099, 03:04 EDT" in (await client.get("/author", headers=BROWSER)).text


async def test_a_form_that_was_opened_before_the_zone_was_chosen_means_what_it_said(
    client: httpx.AsyncClient, databases: Databases, in_new_york: Post
) -> None:
    sent = form("The change.", 2, publish_at="2099-07-02T03:04", zone="UTC")
    await send(client, f"/author/posts/{in_new_york.id}/publication", sent)
    async with databases.site.read() as connection:
        scheduled = await posts.find(connection, OWNER, in_new_york.id)
    assert scheduled.scheduled_at_us == clock.from_datetime(datetime(2099, 7, 2, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize("field", ["publish_at", "unpublish_at"])
@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2099-03-08T02:30", "leave out 02:30 on 8 March 2099"),
        ("2099-11-01T01:30", "write 2099-11-01T01:30-04:00 for the first, 2099-11-01T01:30-05:00 for the second"),
    ],
)
async def test_what_clocks_leave_out_or_tell_twice_is_answered_in_a_field_that_takes_the_answer(
    client: httpx.AsyncClient, in_new_york: Post, field: str, written: str, words: str
) -> None:
    address = f"/author/posts/{in_new_york.id}/publication"
    sent = form("Typed.", 2, zone="America/New_York", **{field: written})
    answer = await send(client, address, sent)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'name="{field}" type="text" value="{written}"' in answer.text
    assert "Typed." in answer.text
    again = {**sent, field: "2099-11-01T01:30-05:00", "base_revision": "2"}
    assert (await send(client, address, again)).status_code == 303
    shown = await editor(client, in_new_york)
    assert f'name="{field}" type="text" value="2099-11-01T01:30-05:00"' in shown
    assert "1 November 2099, 01:30 EST" in shown


async def test_an_hour_that_comes_twice_keeps_no_text_from_being_saved(
    client: httpx.AsyncClient, in_new_york: Post
) -> None:
    sent = form("Typed.", 2, zone="America/New_York", dated_at="2025-11-02T01:30")
    assert (await send(client, f"/author/posts/{in_new_york.id}/draft", sent, "PUT", htmx=True)).status_code == 200
    assert 'value="2025-11-02T01:30-04:00"' in await editor(client, in_new_york)


async def test_a_zone_that_is_none_is_refused(client: httpx.AsyncClient, live: Post) -> None:
    answer = await send(client, f"/author/posts/{live.id}/draft", form("Typed.", 2, zone="Mars/Olympus"), "PUT")
    assert answer.status_code == 422
