import re
import time
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urljoin

import httpx
import pytest
from sdc_core import clock
from sdc_web import posts
from sdc_web.author import editor, pictures
from sdc_web.author.views import moment_us
from sdc_web.db import Databases
from sdc_web.media import assets

from signing_in import BROWSER, HTMX, OWNER, come_in, send

TEXT = {"title": "On tea", "slug": "", "summary": "", "tags": "tea, cups", "cover_id": "", "publish_at": ""}
BUDGET_BYTES = 40_000
"""Of style and script that the editor loads before anything is asked for, as docs/design-system.md has it."""
NOW_US = 1_800_000_000_000_000


@pytest.fixture
async def post_id(client: httpx.AsyncClient, databases: Databases) -> str:
    """A new draft of a signed-in author."""
    await come_in(client, databases)
    answer = await send(client, "/author/posts", {"kind": "post"})
    return answer.headers["location"].rpartition("/")[2]


def form(body: str, base: int, **more: str) -> dict[str, str]:
    return {**TEXT, "body_markdown": body, "base_revision": str(base), **more}


async def newest(databases: Databases, post_id: str) -> posts.Revision:
    async with databases.site.read() as connection:
        return await posts.revisions.newest(connection, OWNER, post_id)


async def test_a_new_post_opens_in_the_editor(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await client.get(f"/author/posts/{post_id}", headers=BROWSER)
    assert answer.status_code == 200
    assert 'name="base_revision" value="1"' in answer.text


async def test_autosave_answers_the_next_base_revision(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft", form("Hot.", 1), "PUT", htmx=True)
    assert answer.status_code == 200
    assert 'name="base_revision" value="2"' in answer.text
    assert (await newest(databases, post_id)).tags == ("tea", "cups")


async def test_saving_works_without_script(client: httpx.AsyncClient, databases: Databases, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft?_method=PUT", form("Hot.", 1, intent="save"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/author/posts/{post_id}?said=saved")
    assert (await newest(databases, post_id)).body == "Hot."


async def test_the_base_revision_may_stand_in_if_match(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    sent = {**TEXT, "body_markdown": "Hot."}
    answer = await client.put(f"/author/posts/{post_id}/draft", data=sent, headers={**HTMX, "If-Match": '"1"'})
    assert answer.status_code == 200
    assert (await newest(databases, post_id)).number == 2


async def test_a_text_without_a_base_is_refused(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await client.put(f"/author/posts/{post_id}/draft", data=TEXT, headers=HTMX)
    assert answer.status_code == 422


async def test_a_second_tab_is_shown_both_texts_and_loses_none(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    await send(client, f"/author/posts/{post_id}/draft", form("Hot tea.", 1), "PUT", htmx=True)
    answer = await send(client, f"/author/posts/{post_id}/draft", form("Cold tea.", 1), "PUT", htmx=True)
    assert answer.status_code == 412
    assert "Hot tea." in answer.text
    assert "Cold tea." in answer.text
    assert (await newest(databases, post_id)).body == "Hot tea."


async def test_the_same_editor_saves_again_what_it_got_no_answer_to(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    for number, body in enumerate(("Hot tea.", "Hot tea, long.")):
        sent = form(body, 1, tab="1a2b", save_no=str(number))
        assert (await send(client, f"/author/posts/{post_id}/draft", sent, "PUT", htmx=True)).status_code == 200
    assert (await newest(databases, post_id)).body == "Hot tea, long."
    for wrong in ({"save_no": "-1"}, {"save_no": str(2**64)}, {"tab": "x" * 21}):
        sent = form("Cold tea.", 3, **wrong)
        assert (await send(client, f"/author/posts/{post_id}/draft", sent, "PUT", htmx=True)).status_code == 422


async def test_the_same_text_from_elsewhere_is_no_conflict(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    for _ in range(2):
        answer = await send(client, f"/author/posts/{post_id}/draft", form("Hot tea.", 1), "PUT", htmx=True)
        assert (answer.status_code, 'name="base_revision" value="2"' in answer.text) == (200, True)
    assert (await newest(databases, post_id)).number == 2


async def test_the_conflict_page_without_script_shows_both_texts(client: httpx.AsyncClient, post_id: str) -> None:
    await send(client, f"/author/posts/{post_id}/draft?_method=PUT", form("Hot tea.", 1))
    answer = await send(client, f"/author/posts/{post_id}/draft?_method=PUT", form("Cold tea.", 1))
    assert answer.status_code == 412
    assert "Hot tea." in answer.text
    assert "Cold tea." in answer.text
    assert 'name="base_revision" value="2"' in answer.text


async def test_a_refused_slug_keeps_what_was_typed(client: httpx.AsyncClient, post_id: str) -> None:
    sent = form("Long text.", 1, slug="Not a slug!")
    answer = await send(client, f"/author/posts/{post_id}/draft?_method=PUT", sent)
    assert answer.status_code == 422
    assert "Long text." in answer.text
    assert 'value="Not a slug!"' in answer.text
    assert 'id="error-slug"' in answer.text
    assert 'name="base_revision" value="2"' in answer.text


async def test_publishing_saves_the_form_first(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/publication", form("Hot *tea*.", 1))
    assert answer.headers["location"].endswith("?said=published")
    page = await client.get("/posts/on-tea")
    assert "<em>tea</em>" in page.text
    said = await client.get(answer.headers["location"], headers=BROWSER)
    assert 'Published. <a href="/posts/on-tea">View it on the site</a>' in said.text


async def test_publishing_without_a_title_says_so(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1, title=""))
    assert answer.status_code == 422
    assert "Give it a title" in answer.text


async def test_what_was_refused_is_published_once_it_is_mended(client: httpx.AsyncClient, post_id: str) -> None:
    refused = await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1, title=""))
    assert 'name="base_revision" value="2"' in refused.text
    answer = await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 2))
    assert answer.headers["location"].endswith("?said=published")


async def test_publishing_an_old_text_is_refused(client: httpx.AsyncClient, post_id: str) -> None:
    await send(client, f"/author/posts/{post_id}/draft", form("Hot.", 1), "PUT", htmx=True)
    answer = await send(client, f"/author/posts/{post_id}/publication", form("Cold.", 1))
    assert answer.status_code == 412
    assert (await client.get("/posts/on-tea")).status_code == 404


async def test_a_moment_to_come_schedules_the_post(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    sent = form("Hot.", 1, publish_at="2099-01-02T03:04")
    answer = await send(client, f"/author/posts/{post_id}/publication", sent)
    assert answer.headers["location"].endswith("?said=scheduled")
    async with databases.site.read() as connection:
        post = await posts.find(connection, OWNER, post_id)
    assert post.scheduled_at_us is not None
    assert clock.to_datetime(post.scheduled_at_us).isoformat() == "2099-01-02T03:04:00+00:00"


async def test_a_published_post_with_scheduled_changes_is_still_found_on_the_site(
    client: httpx.AsyncClient, post_id: str
) -> None:
    await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1))
    later = form("Cold.", 2, publish_at="2099-01-02T03:04")
    await send(client, f"/author/posts/{post_id}/publication", later)
    for path in (f"/author/posts/{post_id}", "/author/posts"):
        page = (await client.get(path, headers=BROWSER)).text
        assert "state-scheduled" in page
        assert 'href="/posts/on-tea"' in page
    assert "Hot." in (await client.get("/posts/on-tea")).text


@pytest.mark.parametrize("moment", ["2099-01-02T05:04+02:00", "2099-01-02T03:04Z", "2099-01-02T03:04:00"])
def test_a_moment_is_utc_unless_it_says_otherwise(moment: str) -> None:
    assert moment_us(moment, "publish_at", "") == clock.from_datetime(datetime(2099, 1, 2, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "moment",
    [
        "tomorrow",
        "2099-13-01T00:00",
        "0000-00-00T00:00",
        "2099-01-02T03:04 in Bern",
        "2099-01-02",
        "9999-12-31T23:59-12:00",
    ],
)
async def test_a_moment_that_is_none_is_refused(client: httpx.AsyncClient, post_id: str, moment: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1, publish_at=moment))
    assert answer.status_code == 422


async def test_unpublishing_takes_it_off_the_site_and_keeps_what_was_typed(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1))
    answer = await send(client, f"/author/posts/{post_id}/publication?_method=DELETE", form("Typed since.", 2))
    assert answer.status_code == 303
    assert (await client.get("/posts/on-tea")).status_code == 410
    assert (await newest(databases, post_id)).body == "Typed since."


async def test_publishing_an_unchanged_text_makes_no_new_revision(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 1))
    await send(client, f"/author/posts/{post_id}/publication", form("Hot.", 2))
    assert (await newest(databases, post_id)).number == 2


async def test_the_preview_is_the_real_theme_and_never_kept(client: httpx.AsyncClient, post_id: str) -> None:
    await send(client, f"/author/posts/{post_id}/draft", form("Hot *tea*.", 1), "PUT", htmx=True)
    answer = await client.get(f"/author/posts/{post_id}/preview", headers=BROWSER)
    assert "<em>tea</em>" in answer.text
    assert "Draft" in answer.text
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("private, no-store", "noindex")


async def preview(client: httpx.AsyncClient, post_id: str, sent: dict[str, str]) -> httpx.Response:
    """What the editor's script asks for on a pause."""
    headers = BROWSER | {"Accept": "application/json"}
    return await client.post(f"/author/posts/{post_id}/preview", data=sent, headers=headers)


async def test_an_unsaved_text_is_previewed_and_not_saved(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    told = (
        await preview(client, post_id, form("*Hot*\r\n\r\n<script>x</script>\r\n\r\n<!-- c -->\r\n\r\n- tea", 1))
    ).json()
    assert "<em>Hot</em>" in told["html"]
    assert "<script>x" not in told["html"]
    assert told["lines"] == [0, 2, 6]
    assert (await newest(databases, post_id)).number == 1


async def test_a_date_that_is_not_typed_out_keeps_nobody_from_the_preview(
    client: httpx.AsyncClient, post_id: str
) -> None:
    answer = await preview(client, post_id, form("*Hot*", 1, dated_at="2019-", series_position="x"))
    assert "<em>Hot</em>" in answer.json()["html"]


async def test_the_frame_alone_may_be_framed_and_runs_nothing(client: httpx.AsyncClient, post_id: str) -> None:
    frame = await client.get(f"/author/posts/{post_id}/preview/frame", headers=BROWSER)
    assert "<script" not in frame.text
    (policy,) = frame.headers.get_list("content-security-policy")
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    (policy,) = (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).headers.get_list(
        "content-security-policy"
    )
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    other = (await client.get("/author/posts", headers=BROWSER)).headers["content-security-policy"]
    assert "frame-src" not in other


async def test_a_long_post_is_previewed_within_a_tenth_of_a_second(client: httpx.AsyncClient, post_id: str) -> None:
    body = "\n\n".join(
        f"## Part {part}\n\n" + "word **strong** $x^2$ " * 50 + "\n\n```python\nx = 1\n```" for part in range(10)
    )
    took = []
    for _ in range(5):
        started = time.perf_counter()
        await preview(client, post_id, form(body, 1))
        took.append(time.perf_counter() - started)
    assert min(took) < 0.1


async def test_a_cover_older_than_those_offered_is_not_taken_away_without_script(
    client: httpx.AsyncClient, databases: Databases, post_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "COVERS", 1)
    old, new = [
        assets.new_asset(f"{number:064}", f"{number}.png", "image/png", 9, f"Tea {number}") for number in (1, 2)
    ]
    async with databases.site.transaction() as connection:
        for each in (old, new):
            await assets.insert(connection, each)
    await send(client, f"/author/posts/{post_id}/draft", form("Hot.", 1, cover_id=old.id), "PUT", htmx=True)
    page = (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).text
    assert f'<option value="{old.id}" selected>Tea 1</option>' in page


async def test_pictures_to_choose_from_are_found_by_words_a_page_at_a_time(
    client: httpx.AsyncClient, databases: Databases, post_id: str
) -> None:
    assert post_id
    assert "Nothing yet" in (await client.get("/author/pictures", headers=HTMX)).text
    assert "No pictures yet" in (await client.get("/author/pictures?accept=image/*", headers=HTMX)).text
    async with databases.site.transaction() as connection:
        for number in range(30):
            await assets.insert(
                connection, assets.new_asset(f"{number:064}", f"{number}.png", "image/png", 9, f"Cup {number}")
            )
    first = (await client.get("/author/pictures", headers=HTMX)).text
    assert first.count("data-picture=") == pictures.ON_PAGE
    more = re.search(r'hx-get="([^"]+)"', first)
    assert more is not None
    assert (await client.get(unescape(more[1]), headers=HTMX)).text.count("data-picture=") == 30 - pictures.ON_PAGE
    found = (await client.get("/author/pictures?q=CUP+27", headers=HTMX)).text
    assert re.findall(r'data-words="([^"]+)"', found) == ["Cup 27"]
    assert "Nothing is called that" in (await client.get("/author/pictures?q=saucer", headers=HTMX)).text


async def test_an_unsaved_text_is_previewed_as_a_page_without_script(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/preview", form("*Hot*", 1))
    assert "<!doctype html>" in answer.text
    assert "<em>Hot</em>" in answer.text


async def test_deleting_puts_it_into_the_trash(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}?_method=DELETE", form("Hot.", 1))
    assert answer.headers["location"] == "/author/posts?said=trashed"
    assert (await client.get(f"/author/posts/{post_id}", headers=BROWSER)).status_code == 404


async def test_the_list_is_filtered_by_title_and_state(client: httpx.AsyncClient, post_id: str) -> None:
    await send(client, f"/author/posts/{post_id}/draft", form("Hot.", 1), "PUT", htmx=True)
    found = await client.get("/author/posts?q=TEA&state=draft&kind=", headers=BROWSER)
    missed = await client.get("/author/posts?q=coffee", headers=BROWSER)
    assert post_id in found.text
    assert post_id not in missed.text


@pytest.mark.parametrize("query", ["state=nonsense", "kind=x", "q=%ff", "q=a&q=b"])
async def test_a_filter_that_is_none_is_the_senders_fault(client: httpx.AsyncClient, post_id: str, query: str) -> None:
    assert (await client.get(f"/author/posts?{query}", headers=BROWSER)).status_code == 422


@pytest.mark.parametrize("field", [{"base_revision": "x"}, {"base_revision": "1" * 30}, {"more": "x"}, {"title": "\0"}])
async def test_a_malformed_draft_is_the_senders_fault(
    client: httpx.AsyncClient, post_id: str, field: dict[str, str]
) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft", {**form("Hot.", 1), **field}, "PUT", htmx=True)
    assert 400 <= answer.status_code < 500


async def test_a_text_over_every_limit_is_refused_unread(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, f"/author/posts/{post_id}/draft", form("x" * 5_000_000, 1), "PUT", htmx=True)
    assert answer.status_code == 413


async def test_a_post_that_is_not_there_cannot_be_saved(client: httpx.AsyncClient, post_id: str) -> None:
    answer = await send(client, "/author/posts/nothing/draft", form("Hot.", 1), "PUT", htmx=True)
    assert answer.status_code == 404


async def test_the_editor_is_another_form_to_browsers_with_each_revision(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    post = await posts.create(databases.site, OWNER, "post")
    here = f"/author/posts/{post.id}"
    first = re.search(r'<input name="(revision-1)" hidden disabled>', (await client.get(here, headers=BROWSER)).text)
    assert first is not None
    form = {"title": "Fog", "body_markdown": "Fog.", "base_revision": "1"}
    await send(client, f"{here}/draft?_method=PUT", form)
    assert first[1] not in (await client.get(here, headers=BROWSER)).text


@pytest.mark.parametrize(("ahead_us", "asks"), [(clock.DAY_US, True), (8 * clock.DAY_US, False)])
async def test_an_open_editor_asks_again_once_a_moment_is_over(
    client: httpx.AsyncClient, databases: Databases, ahead_us: int, *, asks: bool
) -> None:
    await come_in(client, databases)
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, posts.Draft(title="Fog", body="Fog."), 1)
    await posts.publish(databases.site, OWNER, post.id, clock.now_us() + ahead_us)
    page = (await client.get(f"/author/posts/{post.id}", headers=BROWSER)).text
    assert ('hx-trigger="load delay' in page) is asks
    assert ("Open this page again after that moment" in page) is asks


async def test_what_the_editor_loads_at_once_stays_within_its_budget(client: httpx.AsyncClient, post_id: str) -> None:
    page = await client.get(f"/author/posts/{post_id}", headers=BROWSER)
    found = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page.text)
    sizes: dict[str, int] = {}
    while found:
        address = found.pop()
        if address not in sizes:
            file = await client.get(address, headers={"accept-encoding": "br"})
            sizes[address] = int(file.headers["content-length"])
            found += [urljoin(address, each) for each in re.findall(r'(?:from|import) ?"(\..+?\.js)"', file.text)]
    assert any("/saving." in address for address in sizes)
    assert sum(sizes.values()) < BUDGET_BYTES, sizes
