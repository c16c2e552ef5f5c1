import re

import httpx
import pytest
from sdc_core import clock
from sdc_web.authors import accounts
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions.confirm import FRESH_US
from sdc_web.sessions.signed_in import find, listing, start

from signing_in import BROWSER, HTMX, PASSWORD, bring, come_in, make_author, send

LATER_US = FRESH_US + clock.SECOND_US
NEW = "a lamp, a ladder, a lake"


async def come_in_with_password(client: httpx.AsyncClient, databases: Databases) -> Author:
    """Signed in so long ago that the next sensitive action asks."""
    author = await make_author(databases)
    with clock.frozen(clock.now_us() - LATER_US):
        started = await start(databases, author, user_agent="Browser", country="")
    bring(client, started.token)
    return author


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page that are sent."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.replace("&amp;", "&")))


async def test_the_page_asks_once_and_lets_pass_for_ten_minutes(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in_with_password(client, databases)
    page = await client.get("/author/confirm?next=/author/media", headers=BROWSER)
    assert (page.status_code, hidden(page.text)["return_to"]) == (200, "/author/media")
    answer = await send(client, "/author/confirm", {"password": PASSWORD, "return_to": "/author/media"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media")
    again = await client.get("/author/confirm?next=/author/media", headers=BROWSER)
    assert (again.status_code, again.headers["location"]) == (303, "/author/media")
    with clock.frozen(clock.now_us() + LATER_US):
        assert (await client.get("/author/confirm", headers=BROWSER)).status_code == 200


async def test_a_proof_gives_the_session_a_new_token_and_the_old_one_opens_nothing(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in_with_password(client, databases)
    before, session = client.cookies["sdc_session"], (await listing(databases, author.id))[0]
    await send(client, "/author/confirm", {"password": PASSWORD})
    assert client.cookies["sdc_session"] != before
    assert await find(databases, before) is None
    assert [each.id for each in await listing(databases, author.id)] == [session.id]
    assert (await client.get("/author/account", headers=BROWSER)).status_code == 200


async def test_a_wrong_password_proves_nothing_and_what_waits_stays(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in_with_password(client, databases)
    before = (await listing(databases, author.id))[0]
    form = {"password": "a wrong password indeed", "action": "/author/redirects", "held": "path=%2Fa", "return_to": ""}
    answer = await send(client, "/author/confirm", form)
    assert (answer.status_code, 'id="error-password"' in answer.text) == (422, True)
    assert hidden(answer.text)["held"] == "path=%2Fa"
    assert "a wrong password indeed" not in answer.text
    after = (await listing(databases, author.id))[0]
    assert (after.token_sha256, after.confirmed_at_us) == (before.token_sha256, before.confirmed_at_us)


async def test_many_wrong_proofs_wait_as_many_wrong_sign_ins_do(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in_with_password(client, databases)
    with clock.frozen(clock.now_us()):
        for _ in range(3):
            await send(client, "/author/confirm", {"password": "a wrong password indeed"})
        assert (await send(client, "/author/confirm", {"password": PASSWORD})).status_code == 429


async def test_a_form_that_was_sent_too_late_is_held_and_goes_on_after_the_proof(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in_with_password(client, databases)
    sent = {"path": "/old & gone", "target": "/posts\r\n", "password": "never shown"}
    asked = await send(client, "/author/confirm/form?action=/author/tags/fog%3F_method%3DPUT&next=/author/tags", sent)
    assert "goes on from here" in asked.text
    assert "never shown" not in asked.text
    waiting = hidden(asked.text)
    assert waiting["action"] == "/author/tags/fog?_method=PUT"
    confirmed = await send(client, "/author/confirm", {**waiting, "password": PASSWORD})
    assert (confirmed.status_code, 'action="/author/tags/fog?_method=PUT"' in confirmed.text) == (200, True)
    assert hidden(confirmed.text).items() >= {"path": "/old & gone", "target": "/posts\r\n"}.items()
    assert "sdc_session=" in confirmed.headers["set-cookie"]


async def test_no_page_of_a_proof_leads_off_the_site(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in_with_password(client, databases)
    astray = {"return_to": "javascript:alert(1)", "action": "//evil.example/author", "held": "a=b"}
    for password in ("not this one at all", PASSWORD):
        page = (await send(client, "/author/confirm", {**astray, "password": password})).text
        assert "javascript:" not in page
        assert "evil.example" not in page
        assert "/author" in page


async def test_a_form_of_passwords_alone_cannot_wait_and_its_author_is_told(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in_with_password(client, databases)
    sent = {"current": PASSWORD, "password": NEW}
    answer = await send(client, "/author/confirm/form?action=/author/account/password&next=/author/account", sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/confirm?next=/author/account&undone=true")


async def test_a_sensitive_form_of_a_browser_is_sent_on_to_where_it_is_held(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    referer = {"Referer": "http://localhost:8000/author/account?said=saved"}
    with clock.frozen(clock.now_us() + LATER_US):
        answer = await client.post("/author/account/password", data={"password": NEW}, headers=BROWSER | referer)
    assert answer.status_code == 307
    expected = "/author/confirm/form?action=%2Fauthor%2Faccount%2Fpassword&next=%2Fauthor%2Faccount%3Fsaid%3Dsaved"
    assert answer.headers["location"] == expected
    assert not await accounts.has_password(databases, author.id)


async def test_htmx_is_told_where_to_go_and_the_page_that_nothing_was_done(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    current = {"HX-Current-URL": "http://localhost:8000/author/account"}
    with clock.frozen(clock.now_us() + LATER_US):
        answer = await client.post("/author/account/password", data={"password": NEW}, headers=HTMX | current)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["hx-redirect"] == "/author/confirm?next=%2Fauthor%2Faccount&undone=true"
        assert "do it again" in (await client.get(answer.headers["hx-redirect"], headers=BROWSER)).text


async def test_a_file_cannot_wait_and_its_author_is_told(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in_with_password(client, databases)
    answer = await client.post("/author/confirm/form?action=/author/media", files={"file": b"x"}, headers=BROWSER)
    assert answer.headers["location"] == "/author/confirm?next=/author&undone=true"


async def test_who_has_only_links_is_told_to_open_a_new_one(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    with clock.frozen(clock.now_us() + LATER_US):
        page = await client.get("/author/confirm", headers=BROWSER)
        assert "sdc author login-link ada" in page.text
        assert (await send(client, "/author/confirm", {"password": ""})).status_code == 422


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/author/../../x", "javascript:x", "/"])
async def test_a_proof_leads_nowhere_but_to_pages_of_the_author(
    client: httpx.AsyncClient, databases: Databases, address: str
) -> None:
    await come_in_with_password(client, databases)
    page = await client.get("/author/confirm", params={"next": address}, headers=BROWSER)
    assert address == "/author/../../x" or hidden(page.text)["return_to"] == "/author"
    held = await client.post("/author/confirm/form", params={"action": address}, data={"a": "b"}, headers=BROWSER)
    assert address == "/author/../../x" or hidden(held.text)["action"] == "/author"
    answer = await send(client, "/author/confirm", {"password": PASSWORD, "return_to": address})
    assert answer.headers["location"].startswith("/author")
