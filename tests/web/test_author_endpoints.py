"""Webhook endpoints on their pages: added, changed, tried, paused, replayed and removed, without JavaScript."""

import re

import httpx
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web.db import Databases
from sdc_web.endpoints import keeping, log
from sdc_web.endpoints.log import Filters
from sdc_web.sessions import confirm

from signing_in import BROWSER, HTMX, OWNER, come_in, send

HERE = "/author/site/endpoints"
LOG = "/author/site/deliveries"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
FORM = {"name": "Newsletter", "url": "https://hooks.invalid/hook", "types": "post.published"}


async def add(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await send(client, HERE, {**FORM, **changes})


async def address(client: httpx.AsyncClient) -> str:
    """Of the only endpoint's page."""
    found = re.search(rf'href="({HERE}/\w+)"', (await client.get(HERE, headers=BROWSER)).text)
    assert found is not None
    return found[1]


async def show(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    return answer.text


async def test_the_secret_is_shown_once(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    added = await add(client)
    assert added.headers["cache-control"] == "private, no-store"
    assert SECRET.search(added.text)
    path = await address(client)
    assert SECRET.search(await show(client, path)) is None
    (kept,) = await keeping.listing(databases.site, OWNER)
    assert b"whsec_" not in kept.secret


async def test_adding_one_another_address_and_a_new_secret_ask_for_a_fresh_proof(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await add(client)
    path = await address(client)
    with clock.frozen(clock.now_us() + confirm.FRESH_US + clock.SECOND_US):
        moved = {**FORM, "url": "https://elsewhere.invalid/hook"}
        for sent in (
            await add(client, name="Chat"),
            await send(client, f"{path}/secret", {"replaces": ""}),
            await send(client, f"{path}?_method=PUT", moved),
        ):
            assert sent.status_code == 307
            assert sent.headers["location"].startswith("/author/confirm")
        kept = await send(client, f"{path}?_method=PUT", {**FORM, "name": "Letters"})
        assert kept.status_code == 303
    mark = re.search(r'name="replaces" value="(\w+)"', await show(client, path))
    assert mark is not None
    renewed = await send(client, f"{path}/secret", {"replaces": mark[1]})
    assert SECRET.search(renewed.text)
    again = await send(client, f"{path}/secret", {"replaces": mark[1]})
    assert (again.status_code, SECRET.search(again.text)) == (409, None)
    assert "not shown twice" in again.text
    assert "signs too until" in renewed.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "A name has 1 to 80 letters"),
        ({"url": "nowhere"}, "Write an address such as"),
        ({"url": "http://example.org/hook"}, "The address must begin with https://"),
        ({"url": "https://me:secret@example.org/"}, "An address has neither a name"),
        ({"url": "https://127.0.0.1/hook"}, "It leads into this machine"),
        ({"url": "https://[::ffff:10.0.0.1]/hook"}, "It leads into this machine"),
        ({"url": "https://localhost/hook"}, "It leads into this machine"),
        ({"url": "https://example.org:99999/"}, "Write an address such as"),
        ({"types": "nothing.known"}, "Choose at least one thing"),
    ],
)
async def test_a_refusal_stands_beside_its_field_with_what_was_typed(
    client: httpx.AsyncClient, databases: Databases, changes: dict[str, str], words: str
) -> None:
    await come_in(client, databases)
    refused = await add(client, **changes)
    assert refused.status_code == 422
    assert words in refused.text
    assert changes.get("url", FORM["url"]) in refused.text
    assert await keeping.listing(databases.site, OWNER) == []


async def test_a_form_that_is_sent_twice_makes_one_endpoint(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await add(client)
    again = await add(client)
    assert (again.status_code, "There is an endpoint named Newsletter already" in again.text) == (422, True)
    assert len(await keeping.listing(databases.site, OWNER)) == 1


async def test_with_the_setting_an_address_of_this_machine_may_be_used(
    databases: Databases, settings: Settings, author_id: str
) -> None:
    assert author_id
    private = settings.model_copy(update={"WEBHOOKS_PRIVATE": True})
    wishes = keeping.Wishes(name="Build", url="http://127.0.0.1:9/hook", types=("post.published",))
    assert await keeping.add(databases.site, OWNER, private, wishes)


async def test_an_endpoint_is_changed_paused_turned_on_and_removed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await add(client)
    path = await address(client)
    await send(client, f"{path}?_method=PUT", {**FORM, "name": "Letters", "types": "post.changed"})
    (changed,) = await keeping.listing(databases.site, OWNER)
    assert (changed.name, changed.wanted) == ("Letters", ["post.changed"])
    refused = await send(client, f"{path}?_method=PUT", {**FORM, "name": " "})
    assert (refused.status_code, "A name has 1 to 80" in refused.text) == (422, True)
    await send(client, f"{path}/pause", {})
    assert "goes out when you turn it on again" in await show(client, path)
    test = await send(client, f"{path}/ping", {})
    assert (test.status_code, "turn it on first" in test.text.lower()) == (409, True)
    await send(client, f"{path}/pause?_method=DELETE", {})
    assert "Send a test" in await show(client, path)
    await send(client, f"{path}?_method=DELETE", {})
    assert "Nobody is told yet" in await show(client, HERE)


async def test_a_test_leads_to_what_became_of_it(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await add(client)
    sent = await send(client, f"{await address(client)}/ping", {})
    assert sent.status_code == 303
    page = await show(client, sent.headers["location"])
    assert "Next attempt" in page
    assert "&#34;endpoint&#34;: &#34;Newsletter&#34;" in page
    again = await send(client, f"{sent.headers['location']}/replays", {})
    assert again.headers["location"].startswith(sent.headers["location"])


async def test_the_log_is_filtered_in_its_address_and_paged_by_key(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await add(client)
    (kept,) = await keeping.listing(databases.site, OWNER)
    for _ in range(log.PAGE + 1):
        await keeping.ping(databases.site, OWNER, kept.id)
    first = await show(client, f"{LOG}?type=ping&endpoint={kept.id}")
    older = re.search(rf'href="({LOG}\?[^"]+)" rel="next"', first)
    assert older is not None
    second = await show(client, older[1].replace("&amp;", "&"))
    assert (first.count("delivery-row-"), second.count("delivery-row-")) == (log.PAGE, 1)
    assert "Nothing of the kind" in await show(client, f"{LOG}?state=delivered")
    part = await client.get(f"{LOG}?state=waiting", headers=HTMX)
    assert part.text.lstrip().startswith('<div class="posts-list" id="deliveries-list-all">')
    wrong = await client.get(f"{LOG}?before=x", headers=BROWSER)
    assert wrong.status_code == 422


@pytest.mark.parametrize("path", [f"{LOG}/7", f"{LOG}/{10**30}", f"{LOG}/x", f"{HERE}/7"])
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, databases: Databases, path: str) -> None:
    await come_in(client, databases)
    assert (await client.get(path, headers=BROWSER)).status_code == 404


async def test_what_an_endpoint_answers_cannot_become_part_of_the_page(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await add(client, name="<script>alert(1)</script>")
    (kept,) = await keeping.listing(databases.site, OWNER)
    delivery_id = await keeping.ping(databases.site, OWNER, kept.id)
    hostile = """
    INSERT INTO attempts (delivery_id, number, at_us, status, error, answer, duration_us)
    VALUES (:id, 99, 1, 500, '<b>no</b>', '</pre><script>alert(2)</script>', 1)
    """
    async with databases.site.transaction() as connection:
        await execute(connection, hostile, {"id": delivery_id})
    for path in (HERE, f"{HERE}/{kept.id}", LOG, f"{LOG}/{delivery_id}"):
        page = await show(client, path)
        assert "<script>alert" not in page
        assert "<b>no</b>" not in page


async def test_what_did_not_arrive_is_sent_again_from_the_page(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await add(client)
    path = await address(client)
    none = await send(client, f"{path}/replays", {"since": "day", "which": "missing"})
    assert none.headers["location"].endswith("said=none-to-send")
    (kept,) = await keeping.listing(databases.site, OWNER)
    await keeping.ping(databases.site, OWNER, kept.id)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE deliveries SET state = 'failed', next_us = NULL")
    some = await send(client, f"{path}/replays", {"since": "day", "which": "missing"})
    assert some.headers["location"].endswith("said=sent-again")
    (delivery,) = await log.page(databases.site, OWNER, Filters())
    assert delivery.state == "waiting"


async def test_what_did_not_arrive_since_a_moment_is_sent_again_to_every_endpoint(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await add(client)
    (kept,) = await keeping.listing(databases.site, OWNER)
    await keeping.ping(databases.site, OWNER, kept.id)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE deliveries SET state = 'failed', next_us = NULL")
    said = []
    for at in (clock.now_us() + 600 * clock.SECOND_US, clock.now_us() - 600 * clock.SECOND_US):
        form = {"since": "moment", "at": f"{clock.to_datetime(at):%Y-%m-%dT%H:%M}"}
        answer = await send(client, f"{HERE}/replays", form)
        said.append(answer.headers["location"])
    assert said == [f"{HERE}?said=none-to-send", f"{HERE}?said=sent-again"]
    (delivery,) = await log.page(databases.site, OWNER, Filters())
    assert delivery.state == "waiting"


@pytest.mark.parametrize(("at", "words"), [("", "Say since when"), ("yesterday", "Write the moment as 2026-11-24")])
async def test_a_moment_that_is_none_is_told_beside_its_field(
    client: httpx.AsyncClient, databases: Databases, at: str, words: str
) -> None:
    await come_in(client, databases)
    await add(client)
    for path in (HERE, await address(client)):
        answer = await send(client, f"{path}/replays", {"since": "moment", "at": at})
        assert answer.status_code == 422
        assert words in answer.text


async def test_a_disabled_endpoint_stands_on_the_home_page(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    await add(client)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE endpoints SET state = 'disabled', reason = 'it answered 410'")
    home = await show(client, "/author")
    assert "Newsletter: it answered 410" in home
    assert "it is sent to no more" not in home
    assert "Nothing is sent to it any more" in await show(client, await address(client))
