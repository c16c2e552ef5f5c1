import httpx
import pytest
from sdc_core import clock
from sdc_web.authors import accounts, one_time_tokens
from sdc_web.db import Databases
from sdc_web.sessions.signed_in import listing

from signing_in import BROWSER, NAME, OWNER, PASSWORD, make_author, send, sign_in

NOW_US = 1_800_000_000_000_000
SETUP = {"name": "ada", "display_name": "Ada Lovelace", "password": PASSWORD, "site_title": "Notes"}


async def test_the_setup_form_claims_the_site_and_signs_in(client: httpx.AsyncClient, databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    answer = await send(client, "/author/setup", {**SETUP, "token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author")
    home = await client.get("/author/posts", headers=BROWSER)
    assert "Ada Lovelace" in home.text or "ada" in home.text


async def test_an_error_page_has_the_sites_title_from_the_first_page_of_its_author(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    await send(client, "/author/setup", {**SETUP, "token": token})
    await client.get("/author/posts", headers=BROWSER)
    assert f"· {SETUP['site_title']}</title>" in (await client.get("/author/nothing", headers=BROWSER)).text


async def test_looking_at_a_setup_link_does_not_use_it(client: httpx.AsyncClient, databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    for _ in range(2):
        answer = await client.get(one_time_tokens.setup_path(token), headers=BROWSER)
        assert answer.status_code == 200


async def test_a_used_setup_link_is_refused(client: httpx.AsyncClient, databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    await send(client, "/author/setup", {**SETUP, "token": token})
    assert (await send(client, "/author/setup", {**SETUP, "token": token})).status_code == 401
    assert (await client.get(one_time_tokens.setup_path(token), headers=BROWSER)).status_code == 401


async def test_a_weak_password_shows_the_setup_form_again(client: httpx.AsyncClient, databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    answer = await send(client, "/author/setup", {**SETUP, "token": token, "password": "short"})
    assert answer.status_code == 422
    assert "at least 15 characters" in answer.text
    assert 'value="short"' not in answer.text


async def test_signing_in_sets_the_cookie_and_goes_where_it_was_asked(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    form = {"name": NAME, "password": PASSWORD, "return_to": "/author/media"}
    answer = await send(client, "/author/sign-in", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("sdc_session=")
    assert "HttpOnly; SameSite=Lax" in cookie


async def test_a_wrong_password_shows_the_form_again_without_it(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    answer = await sign_in(client, "a wrong password indeed")
    assert answer.status_code == 422
    assert "a wrong password indeed" not in answer.text
    assert f'value="{NAME}"' in answer.text


async def test_too_many_failures_are_told_how_long_to_wait(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    with clock.frozen(NOW_US):
        for _ in range(3):
            await sign_in(client, "a wrong password indeed")
        answer = await sign_in(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


async def test_every_sign_in_has_a_new_session(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await make_author(databases)
    await sign_in(client)
    first = client.cookies["sdc_session"]
    await sign_in(client)
    assert client.cookies["sdc_session"] != first
    assert len(await listing(databases, author.id)) == 1


async def test_a_login_link_shows_a_button_and_works_once(client: httpx.AsyncClient, databases: Databases) -> None:
    await accounts.create(databases, OWNER, name="eve", role="owner", password=None)
    path = one_time_tokens.login_path(await one_time_tokens.issue_login_link(databases, "eve"))
    assert (await client.get(path, headers=BROWSER)).status_code == 200
    assert (await client.get(path, headers=BROWSER)).status_code == 200
    assert (await send(client, path, {})).headers["location"] == "/author"
    assert (await send(client, path, {})).status_code == 401


async def test_signing_out_ends_the_session(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await make_author(databases)
    await sign_in(client)
    answer = await send(client, "/author/sign-out", {})
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await listing(databases, author.id) == []


async def test_a_prolonged_session_gets_its_cookie_again(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    with clock.frozen(NOW_US):
        await sign_in(client)
    with clock.frozen(NOW_US + 2 * clock.DAY_US):
        answer = await client.get("/author/posts", headers=BROWSER)
    assert f"sdc_session={client.cookies['sdc_session']}; Path=/; Max-Age=7776000" in answer.headers["set-cookie"]


async def test_a_session_can_be_ended_from_the_list(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await make_author(databases)
    await sign_in(client)
    session = (await listing(databases, author.id))[0]
    page = await client.get("/author/sessions", headers=BROWSER)
    assert session.id in page.text
    answer = await send(client, f"/author/sessions/{session.id}?_method=DELETE", {})
    assert answer.status_code == 303
    assert await listing(databases, author.id) == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"name=a&name=b&password=x", "application/x-www-form-urlencoded"),
        (b"name=%ff&password=x", "application/x-www-form-urlencoded"),
        (b"name=%00&password=x", "application/x-www-form-urlencoded"),
        (b"name=a&password=b&more=c", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"name=a&password=b", "multipart/form-data"),
        (b"\xff\xfe", "text/plain; charset=nonsense"),
    ],
)
async def test_a_malformed_form_is_the_senders_fault(client: httpx.AsyncClient, body: bytes, content_type: str) -> None:
    answer = await client.post("/author/sign-in", content=body, headers={**BROWSER, "Content-Type": content_type})
    assert 400 <= answer.status_code < 500


async def test_signing_out_has_the_last_word_on_the_cookie(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    with clock.frozen(NOW_US):
        await sign_in(client)
    with clock.frozen(NOW_US + 2 * clock.DAY_US):
        answer = await send(client, "/author/sign-out", {})
    assert answer.headers.get_list("set-cookie") == ["sdc_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]
