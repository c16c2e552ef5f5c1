import pytest
from sdc_core import clock
from sdc_core.errors import NotFound
from sdc_core.sqlite import fetch_value
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.sessions import cookies
from sdc_web.sessions.endings import revoke, revoke_all
from sdc_web.sessions.signed_in import ABSOLUTE_US, ROLLING_US, Started, find, listing, start

from signing_in import OWNER, make_author

NOW_US = 1_800_000_000_000_000


async def begin(databases: Databases, replaces: str = "") -> Started:
    return await start(databases, await make_author(databases), user_agent="Browser", country="CH", replaces=replaces)


async def test_a_session_knows_its_author(databases: Databases) -> None:
    started = await begin(databases)
    found = await find(databases, started.token)
    assert found is not None
    assert found.display_name == "Ada Lovelace"


async def test_the_cookie_value_is_stored_nowhere(databases: Databases) -> None:
    started = await begin(databases)
    async with databases.ttl.read() as connection:
        row = await fetch_value(connection, "SELECT token_sha256 || id || user_agent FROM sessions")
    assert started.token not in str(row)


async def test_a_session_ends_ninety_days_after_its_last_use(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        started = await begin(databases)
    with clock.frozen(NOW_US + ROLLING_US):
        assert await find(databases, started.token) is None


async def test_a_session_is_prolonged_at_most_once_a_day(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        started = await begin(databases)
    refreshed = []
    for hours in (12, 25, 26):
        with clock.frozen(NOW_US + hours * 3600 * clock.SECOND_US):
            found = await find(databases, started.token)
            assert found is not None
            refreshed.append(found.refreshed)
    assert refreshed == [False, True, False]


async def test_a_session_ends_after_a_year_however_much_it_is_used(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        started = await begin(databases)
    for days in range(80, 365, 80):
        with clock.frozen(NOW_US + days * clock.DAY_US):
            assert await find(databases, started.token) is not None
    with clock.frozen(NOW_US + ABSOLUTE_US):
        assert await find(databases, started.token) is None


async def test_signing_in_again_ends_the_session_that_the_browser_had(databases: Databases) -> None:
    author = await make_author(databases)
    first = await start(databases, author, user_agent="", country="")
    second = await start(databases, author, user_agent="", country="", replaces=first.token)
    assert first.token != second.token
    assert await find(databases, first.token) is None


async def test_a_revoked_session_is_gone_at_once(databases: Databases) -> None:
    started = await begin(databases)
    await revoke(databases, OWNER, started.session.id)
    assert await find(databases, started.token) is None


async def test_nobody_revokes_a_session_of_another_author(databases: Databases) -> None:
    started = await begin(databases)
    with pytest.raises(NotFound):
        await revoke(databases, SYSTEM, started.session.id)


async def test_revoking_all_keeps_the_one_that_asks(databases: Databases) -> None:
    author = await make_author(databases)
    kept = await start(databases, author, user_agent="", country="")
    await start(databases, author, user_agent="", country="")
    assert await revoke_all(databases, OWNER, author.id, kept_id=kept.session.id) == 1
    assert [session.id for session in await listing(databases, author.id)] == [kept.session.id]


def test_on_https_the_cookie_is_bound_to_the_host_and_secure() -> None:
    written = cookies.written("https://example.org", "t", 60)
    assert written == "__Host-sdc_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"


def test_on_localhost_the_cookie_has_its_plain_name() -> None:
    assert cookies.written("http://localhost:8000", "t", 60).startswith("sdc_session=t; Path=/")
