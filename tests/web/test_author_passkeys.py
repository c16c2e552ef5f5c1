"""Passkeys over HTTP, as a browser sends them: set-up, account page, sign-in, confirming."""

import httpx
import pytest
from sdc_core import clock
from sdc_web.authors import accounts, one_time_tokens, passkeys
from sdc_web.db import Databases
from sdc_web.sessions.confirm import FRESH_US
from sdc_web.sessions.signed_in import listing, start

from signing_in import BROWSER, NAME, bring, come_in, make_author, send, sign_in
from software_key import Lies, SoftwareKey

JSON = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
SETUP = {"name": "ada", "display_name": "Ada Lovelace", "site_title": "Notes", "password": ""}


async def options(client: httpx.AsyncClient, path: str, **form: str) -> bytes:
    """What the script asks before it asks the browser."""
    answer = await client.post(path, data=form, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.content


async def add(client: httpx.AsyncClient, key: SoftwareKey, name: str = "") -> httpx.Response:
    made = key.make(await options(client, "/author/account/passkeys/challenge"))
    return await send(client, "/author/account/passkeys", {"name": name, "credential": made})


async def come_back(client: httpx.AsyncClient, key: SoftwareKey, lies: Lies | None = None) -> httpx.Response:
    """Signed out, and in again by the key."""
    client.cookies.clear()
    shown = key.show(await options(client, "/author/sign-in/challenge"), lies or Lies())
    return await send(client, "/author/sign-in/passkey", {"credential": shown, "return_to": "/author/media"})


async def test_the_site_is_set_up_by_a_passkey_and_no_password(client: httpx.AsyncClient, databases: Databases) -> None:
    key, form = SoftwareKey(), SETUP | {"token": await one_time_tokens.issue_setup_link(databases)}
    made = key.make(await options(client, "/author/setup/challenge", **form))
    answer = await send(client, "/author/setup", form | {"credential": made})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author")
    assert not await accounts.has_password(databases, (await accounts.everyone(databases))[0].id)
    assert (await come_back(client, key)).headers["location"] == "/author/media"


async def test_a_passkey_that_proves_nothing_claims_nothing(client: httpx.AsyncClient, databases: Databases) -> None:
    form = SETUP | {"token": await one_time_tokens.issue_setup_link(databases)}
    made = SoftwareKey().make(
        await options(client, "/author/setup/challenge", **form), Lies(origin="https://evil.example")
    )
    answer = await send(client, "/author/setup", form | {"credential": made})
    assert (answer.status_code, 'value="Ada Lovelace"' in answer.text) == (422, True)
    assert not await accounts.any_exists(databases)
    assert (await send(client, "/author/setup", form)).status_code == 422


async def test_no_key_is_asked_for_before_the_rest_of_the_form_can_be_taken(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    form = SETUP | {"token": await one_time_tokens.issue_setup_link(databases), "name": "Not a name!"}
    answer = await client.post("/author/setup/challenge", data=form, headers=JSON)
    assert (answer.status_code, answer.json()["field"]) == (422, "name")
    stranger = await client.post("/author/setup/challenge", data=SETUP | {"token": "guess"}, headers=JSON)
    assert stranger.status_code == 401


async def test_a_key_is_added_named_used_and_shown(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    key, synced = SoftwareKey(), SoftwareKey(synced=True)
    assert (await add(client, key, "Key <ring>")).headers["location"] == "/author/account?said=passkey"
    await add(client, synced)
    await come_back(client, synced)
    page = (await client.get("/author/account", headers=BROWSER)).text
    assert "Key &lt;ring&gt;" in page
    assert page.count("not used yet") == 1
    assert "on one device" in page
    assert "synced between devices" in page


async def test_a_first_name_comes_from_the_device(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    client.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    await add(client, SoftwareKey())
    assert [each.name for each in await passkeys.listing(databases, author.actor)] == ["Firefox on Linux"]


async def test_a_key_signs_in_while_passwords_must_wait(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await make_author(databases)
    bring(client, (await start(databases, author, user_agent="", country="")).token)
    key = SoftwareKey()
    await add(client, key)
    for _ in range(4):
        waits = await sign_in(client, "a wrong password indeed")
    assert waits.status_code == 429
    assert (await come_back(client, key)).status_code == 303


async def test_signing_in_by_a_key_ends_the_session_that_the_browser_brought(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    key = SoftwareKey()
    await add(client, key)
    before = client.cookies["sdc_session"]
    shown = key.show(await options(client, "/author/sign-in/challenge"))
    await send(client, "/author/sign-in/passkey", {"credential": shown})
    assert client.cookies["sdc_session"] != before
    assert len(await listing(databases, author.id)) == 1


async def test_an_answer_from_another_browser_signs_nobody_in(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    key = SoftwareKey()
    await add(client, key)
    client.cookies.clear()
    shown = key.show(await options(client, "/author/sign-in/challenge"))
    client.cookies.clear()
    answer = await send(client, "/author/sign-in/passkey", {"credential": shown, "return_to": "/author/media"})
    assert (answer.status_code, "try again" in answer.text.lower()) == (422, True)
    assert 'value="/author/media"' in answer.text


async def test_a_refused_key_keeps_the_page_that_was_asked_for(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    key = SoftwareKey()
    await add(client, key)
    answer = await come_back(client, key, Lies(rp_id="evil.example"))
    assert (answer.status_code, 'value="/author/media"' in answer.text) == (422, True)
    assert "sdc_session" not in answer.headers.get("set-cookie", "")


async def test_a_copied_key_is_told_at_once(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    key = SoftwareKey()
    await add(client, key)
    await come_back(client, key)
    key.count = 0
    key.count = 1
    answer = await come_back(client, key)
    assert answer.headers["location"] == "/author/account?said=copied"
    page = (await client.get(answer.headers["location"], headers=BROWSER)).text
    assert "may have been copied" in page


async def test_adding_and_removing_ask_first_who_sits_there_and_a_key_is_the_answer(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    key = SoftwareKey()
    await add(client, key)
    (passkey,) = await passkeys.listing(databases, author.actor)
    removal = f"/author/account/passkeys/{passkey.id}?_method=DELETE"
    with clock.frozen(clock.now_us() + FRESH_US + clock.SECOND_US):
        assert "You are asked first to confirm" in (await client.get("/author/account", headers=BROWSER)).text
        begun = await client.post("/author/account/passkeys/challenge", headers=JSON)
        assert (begun.status_code, begun.headers["location"].partition("?")[0]) == (303, "/author/confirm")
        assert (await send(client, removal, {})).status_code == 307
        shown = key.show(await options(client, "/author/confirm/challenge"))
        proof = await send(client, "/author/confirm", {"credential": shown, "return_to": "/author/account"})
        assert proof.headers["location"] == "/author/account"
        assert (await send(client, removal, {})).status_code == 409


async def test_the_last_way_in_stays_and_the_page_says_why(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    await add(client, SoftwareKey())
    (passkey,) = await passkeys.listing(databases, author.actor)
    answer = await send(client, f"/author/account/passkeys/{passkey.id}?_method=DELETE", {})
    assert (answer.status_code, "This is your only way in" in answer.text) == (409, True)
    await add(client, SoftwareKey())
    removed = await send(client, f"/author/account/passkeys/{passkey.id}?_method=DELETE", {})
    assert removed.headers["location"] == "/author/account?said=passkey-removed"


async def test_a_key_is_renamed_and_a_name_that_cannot_be_stays_in_its_field(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    await add(client, SoftwareKey())
    (passkey,) = await passkeys.listing(databases, author.actor)
    path = f"/author/account/passkeys/{passkey.id}?_method=PUT"
    long = "y" * 61
    refused = await send(client, path, {"name": long})
    assert (refused.status_code, f'value="{long}"' in refused.text) == (422, True)
    assert (await send(client, path, {"name": " Key  ring "})).status_code == 303
    assert [each.name for each in await passkeys.listing(databases, author.actor)] == ["Key ring"]


async def test_the_cookie_of_a_challenge_is_short_lived_and_for_this_site_alone(client: httpx.AsyncClient) -> None:
    answer = await client.post("/author/sign-in/challenge", headers=JSON)
    written = answer.headers["set-cookie"]
    assert written.endswith("; Path=/; Max-Age=300; HttpOnly; SameSite=Strict")
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("credential", ["", "{}", "x" * 20_000, '{"id":"QQ","type":"public-key","response":{}}'])
async def test_what_is_no_answer_is_refused_in_words(client: httpx.AsyncClient, credential: str) -> None:
    answer = await send(client, "/author/sign-in/passkey", {"credential": credential})
    assert (answer.status_code, "cannot be read" in answer.text) == (422, True)


async def test_without_script_the_sign_in_page_is_the_password_and_the_way_back_in(client: httpx.AsyncClient) -> None:
    page = (await client.get("/author/sign-in", headers=BROWSER)).text
    assert page.count("<form") == 2
    assert page.count(" data-comes>") == 1
    assert "sdc author login-link" in page
    assert NAME not in page
