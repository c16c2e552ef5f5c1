"""What a change of the ways in ends, and which browsers it leaves known."""

import base64
from collections.abc import Awaitable, Callable

import httpx
import pyotp
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.authors import accounts, github, passkey_store, passkeys, pending, totp
from sdc_web.authors.github_calls import Identity
from sdc_web.authors.passkey_store import Passkey
from sdc_web.db import Databases
from sdc_web.sessions import cookies, endings, signed_in
from sdc_web.sessions.signed_in import Started, find, listing

from signing_in import OWNER, PASSWORD, bring, come_in, make_author, send, sign_in

NEW = "seven slow lamps on a ladder"
Change = Callable[[Databases, Settings, str], Awaitable[object]]


async def begin(databases: Databases, device: str = "", replaces: str = "") -> Started:
    async with databases.site.read() as connection:
        author = await accounts.store.by_name(connection, "ada")
    assert author is not None
    return await signed_in.start(
        databases, author, user_agent="Browser", country="", device=device, replaces=replaces, way="password"
    )


async def add_key(databases: Databases) -> str:
    key = Passkey(
        id=clock.new_id(), author_id=OWNER.id, credential_id=b"k", public_key=b"p", sign_count=0, name="Key",
        synced=False, transports="[]", created_at_us=clock.now_us(),
    )  # fmt: skip
    async with databases.site.transaction() as connection:
        await passkey_store.insert(connection, key)
    return key.id


async def codes_on(databases: Databases, settings: Settings, kept_id: str) -> None:
    await totp.begin(databases, OWNER, settings.factors_key)
    secret = (await totp.enrolment(databases, OWNER, settings.factors_key, site="Notes")).secret
    assert base64.b32decode(secret)
    await totp.confirm(databases, OWNER, settings.factors_key, pyotp.TOTP(secret).at(_now_s()), kept_id=kept_id)


def _now_s() -> int:
    return clock.now_us() // clock.SECOND_US


async def codes_off(databases: Databases, settings: Settings, kept_id: str) -> None:
    await codes_on(databases, settings, kept_id)
    await begin(databases)
    await totp.turn_off(databases, OWNER, kept_id=kept_id)


async def password(databases: Databases, settings: Settings, kept_id: str) -> None:
    await accounts.set_password(databases, OWNER, OWNER.name, NEW, kept_id=kept_id)


async def key_removed(databases: Databases, settings: Settings, kept_id: str) -> None:
    await passkeys.remove(databases, OWNER, await add_key(databases), kept_id=kept_id)


async def github_unlinked(databases: Databases, settings: Settings, kept_id: str) -> None:
    await github.link(databases, OWNER, Identity(id=1, login="ada"))
    await github.unlink(databases, OWNER, kept_id=kept_id)


async def github_replaced(databases: Databases, settings: Settings, kept_id: str) -> None:
    await github.link(databases, OWNER, Identity(id=1, login="ada"))
    await github.link(databases, OWNER, Identity(id=2, login="ada2"), kept_id=kept_id)


@pytest.mark.parametrize("change", [password, codes_on, codes_off, key_removed, github_unlinked, github_replaced])
async def test_a_change_of_the_ways_in_ends_every_other_session_and_what_is_under_way(
    databases: Databases, settings: Settings, change: Change
) -> None:
    author = await make_author(databases)
    here = await begin(databases)
    await begin(databases)
    waiting = await pending.begin(databases, author.id, "/author")
    await change(databases, settings, here.session.id)
    assert [each.id for each in await listing(databases, author.id)] == [here.session.id]
    with pytest.raises(accounts.Unauthorized):
        await pending.find(databases, waiting)


async def test_what_only_adds_a_way_in_ends_nothing(databases: Databases) -> None:
    author = await make_author(databases)
    await begin(databases)
    await github.link(databases, OWNER, Identity(id=1, login="ada"))
    await github.link(databases, OWNER, Identity(id=1, login="ada-again"))
    assert len(await listing(databases, author.id)) == 1


async def test_a_change_that_is_refused_ends_nothing(databases: Databases) -> None:
    author = await make_author(databases)
    await begin(databases)
    with pytest.raises(accounts.NotFound):
        await passkeys.remove(databases, OWNER, "nothing")
    with pytest.raises(accounts.Invalid):
        await accounts.set_password(databases, OWNER, OWNER.name, "password")
    assert len(await listing(databases, author.id)) == 1


async def test_a_copy_of_the_session_ends_with_the_old_password(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    await sign_in(client)
    copied = client.cookies.get("sdc_session") or ""
    answer = await send(client, "/author/account/password", {"current": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert (await client.get("/author/account")).status_code == 200
    assert await find(databases, copied) is None


async def test_a_browser_whose_session_another_one_ended_is_told_like_a_new_one(databases: Databases) -> None:
    await make_author(databases)
    here, there = await begin(databases), await begin(databases)
    await endings.revoke(databases, OWNER, there.session.id, from_id=here.session.id)
    again = await begin(databases, device=there.device)
    assert again.session.unknown_device


async def test_signing_out_leaves_the_browser_known(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    there = await begin(databases)
    bring(client, there.token)
    await send(client, "/author/sign-out", {})
    assert not (await begin(databases, device=there.device)).session.unknown_device


async def test_ending_all_others_leaves_this_browser_alone_known(databases: Databases) -> None:
    await make_author(databases)
    here, there = await begin(databases), await begin(databases)
    await endings.revoke_all(databases, OWNER, OWNER.id, kept_id=here.session.id)
    assert not (await begin(databases, device=here.device)).session.unknown_device
    assert (await begin(databases, device=there.device)).session.unknown_device


async def test_a_browser_ended_on_the_page_of_sessions_is_known_no_more(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    there = await begin(databases)
    await send(client, f"/author/sessions/{there.session.id}", {}, "DELETE")
    assert (await begin(databases, device=there.device)).session.unknown_device
    assert cookies.PLAIN_NAME in client.cookies
