import httpx
import pytest
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, Revision, history, store

from signing_in import BROWSER, OWNER, come_in, send


@pytest.fixture
async def post(client: httpx.AsyncClient, databases: Databases) -> Post:
    """A published post of a signed-in author, with a change that is not."""
    await come_in(client, databases)
    made = await posts.create(databases.site, OWNER, "post")
    live = Draft(title="Fog & lamp", body="The fog is thick.\n\nIt stays.", summary="Old <words>.")
    await posts.revisions.save(databases.site, OWNER, made.id, live, 1)
    published = await posts.publish(databases.site, OWNER, made.id)
    change = Draft(title="Fog & lamp", slug="fog-lamp", body="The fog is thin.\n\nIt stays.", summary="New words.")
    await posts.revisions.save(databases.site, OWNER, made.id, change, 2)
    return published


async def kept(databases: Databases, post: Post) -> list[Revision]:
    async with databases.site.read() as connection:
        return await store.revisions_before(connection, post.id, limit=100)


async def test_the_history_says_what_each_revision_changed_and_what_readers_see(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    page = (await client.get(f"/author/posts/{post.id}/revisions", headers=BROWSER)).text
    assert "Revision 2" in page
    assert "Revision 3" in page
    assert "readers see this" in page
    assert "+1" in page
    assert "\u22121" in page
    assert "summary" in page


async def test_a_long_history_goes_on_at_the_next_page(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    for number in range(3, 30):
        newest = (await kept(databases, post))[0]
        await history.name(databases.site, OWNER, post.id, newest.id, f"Name {number}")
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=f"T{number}"), newest.number)
    first = (await client.get(f"/author/posts/{post.id}/revisions", headers=BROWSER)).text
    older = (await client.get(f"/author/posts/{post.id}/revisions?before=11", headers=BROWSER)).text
    assert "Older ones" in first
    assert "?before=11" in first
    assert "Revision 2<" in older
    assert "Older ones" not in older


async def test_a_comparison_marks_words_and_fields(client: httpx.AsyncClient, databases: Databases, post: Post) -> None:
    answer = await client.get(f"/author/posts/{post.id}/comparison?old=live", headers=BROWSER)
    assert "The fog is <del>thick</del><ins>thin</ins>." in answer.text
    assert "<del>Old &lt;</del><ins>New </ins>words<del>&gt;</del>." in answer.text


async def test_a_comparison_side_by_side_has_either_text_in_its_column(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    new, old = await kept(databases, post)
    address = f"/author/posts/{post.id}/comparison?old={old.id}&new={new.id}&view=beside"
    page = (await client.get(address, headers=BROWSER)).text
    assert "The fog is <del>thick</del>." in page
    assert "The fog is <ins>thin</ins>." in page


async def test_equal_revisions_are_said_to_be_equal(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    new = (await kept(databases, post))[0]
    page = await client.get(f"/author/posts/{post.id}/comparison?old={new.id}&new={new.id}", headers=BROWSER)
    assert "Both say the same." in page.text


@pytest.mark.parametrize("query", ["", "old=live&new=01NOTHING", "old=01NOTHING", "old=live&view=x"])
async def test_a_comparison_of_what_is_not_there_is_the_askers_fault(
    client: httpx.AsyncClient, post: Post, query: str
) -> None:
    answer = await client.get(f"/author/posts/{post.id}/comparison?{query}", headers=BROWSER)
    assert answer.status_code in (404, 422)


async def test_a_revision_opens_with_its_text_and_fields_escaped(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    live = (await kept(databases, post))[1]
    page = (await client.get(f"/author/posts/{post.id}/revisions/{live.id}", headers=BROWSER)).text
    assert "The fog is thick." in page
    assert "Old &lt;words&gt;." in page


async def test_a_revision_is_seen_as_a_page_that_no_robot_keeps(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    change = (await kept(databases, post))[0]
    answer = await client.get(f"/author/posts/{post.id}/revisions/{change.id}/preview", headers=BROWSER)
    assert "<p>The fog is thin.</p>" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"


async def test_a_name_is_given_by_a_form_and_a_bad_one_is_shown_again(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    live = (await kept(databases, post))[1]
    address = f"/author/posts/{post.id}/revisions/{live.id}"
    named = await send(client, f"{address}?_method=PUT", {"name": "First <out>"})
    refused = await send(client, f"{address}?_method=PUT", {"name": "y" * 81})
    assert (named.status_code, refused.status_code) == (303, 422)
    assert "y" * 81 in refused.text
    assert "First &lt;out&gt;" in (await client.get(address, headers=BROWSER)).text


async def test_restoring_opens_the_old_text_in_the_editor(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    live = (await kept(databases, post))[1]
    form = {"revision_id": live.id, "base_revision": "3"}
    answer = await send(client, f"/author/posts/{post.id}/restorations", form)
    assert answer.headers["location"] == f"/author/posts/{post.id}?said=restored"
    assert "The fog is thick." in (await client.get(f"/author/posts/{post.id}", headers=BROWSER)).text
    assert "The fog is thick." in (await client.get("/posts/fog-lamp")).text


async def test_restoring_beside_a_newer_save_says_so_and_may_be_repeated(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    live = (await kept(databases, post))[1]
    form = {"revision_id": live.id, "base_revision": "2"}
    answer = await send(client, f"/author/posts/{post.id}/restorations", form)
    assert answer.status_code == 412
    assert "saved elsewhere" in answer.text
    assert 'name="base_revision" value="3"' in answer.text


async def test_discarding_saves_what_the_form_holds_first(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    form = {"title": "Fog & lamp", "slug": "fog-lamp", "body_markdown": "A last thought.", "base_revision": "3"}
    answer = await send(client, f"/author/posts/{post.id}/draft?_method=DELETE", form)
    assert answer.headers["location"] == f"/author/posts/{post.id}?said=discarded"
    assert {each.body for each in await kept(databases, post)} >= {"A last thought.", "The fog is thick.\n\nIt stays."}
    assert "state-published" in (await client.get(f"/author/posts/{post.id}", headers=BROWSER)).text


async def test_discarding_in_an_old_tab_is_a_conflict_that_shows_both(
    client: httpx.AsyncClient, databases: Databases, post: Post
) -> None:
    form = {"title": "Fog & lamp", "slug": "fog-lamp", "body_markdown": "From an old tab.", "base_revision": "2"}
    answer = await send(client, f"/author/posts/{post.id}/draft?_method=DELETE", form)
    assert answer.status_code == 412
    assert "From an old tab." in answer.text
    assert (await kept(databases, post))[0].body == "The fog is thin.\n\nIt stays."
