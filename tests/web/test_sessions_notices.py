"""A sign-in on a device that the author had not used is told on the others, and who broke in cannot hide it."""

import httpx
from sdc_core import clock
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions import notices
from sdc_web.sessions.country_names import NAMES, country
from sdc_web.sessions.devices import REMEMBERED_US
from sdc_web.sessions.signed_in import SignedIn, Started, find, listing, start

from signing_in import BROWSER, come_in, make_author, send, sign_in

NOW_US = 1_800_000_000_000_000
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def begin(databases: Databases, author: Author, minutes: int, device: str = "") -> Started:
    with clock.frozen(NOW_US + minutes * 60 * clock.SECOND_US):
        return await start(databases, author, user_agent=FIREFOX, country="DE", device=device, way="password")


async def signed_in(databases: Databases, started: Started) -> SignedIn:
    with clock.frozen(NOW_US + clock.DAY_US):
        found = await find(databases, started.token)
    assert found is not None
    return found


async def told(databases: Databases, started: Started) -> list[str]:
    """The sessions that this one is told of."""
    with clock.frozen(NOW_US + clock.DAY_US):
        return [each.session_id for each in await notices.of(databases, await signed_in(databases, started))]


async def dismiss(databases: Databases, started: Started, of: Started) -> None:
    with clock.frozen(NOW_US + clock.DAY_US):
        await notices.dismiss(databases, await signed_in(databases, started), of.session.created_at_us)


async def test_a_new_device_is_told_on_the_others_and_not_on_itself(databases: Databases) -> None:
    author = await make_author(databases)
    laptop = await begin(databases, author, 0)
    phone = await begin(databases, author, 1)
    assert await told(databases, laptop) == [phone.session.id]
    assert await told(databases, phone) == []


async def test_a_device_that_was_used_before_is_not_told(databases: Databases) -> None:
    author = await make_author(databases)
    first = await begin(databases, author, 0)
    phone = await begin(databases, author, 1)
    await dismiss(databases, first, phone)
    again = await begin(databases, author, 2, device=phone.device)
    assert again.device == phone.device
    assert await told(databases, first) == []


async def test_a_device_of_another_author_is_new_to_this_one(databases: Databases) -> None:
    author = await make_author(databases)
    laptop = await begin(databases, author, 0)
    guessed = await begin(databases, author, 1, device="a token that nobody gave")
    assert guessed.device != "a token that nobody gave"
    assert await told(databases, laptop) == [guessed.session.id]


async def test_a_device_is_remembered_for_as_long_as_its_cookie(databases: Databases) -> None:
    author = await make_author(databases)
    laptop = await begin(databases, author, 0)
    minutes = REMEMBERED_US // clock.SECOND_US // 60
    other = await begin(databases, author, minutes - 1)
    late = await begin(databases, author, minutes, device=laptop.device)
    assert (other.session.unknown_device, late.session.unknown_device) == (True, True)


async def test_what_was_dismissed_stays_so_and_what_came_since_is_told(databases: Databases) -> None:
    author = await make_author(databases)
    laptop, phone = await begin(databases, author, 0), await begin(databases, author, 1)
    await dismiss(databases, laptop, phone)
    tablet = await begin(databases, author, 2)
    assert await told(databases, laptop) == [tablet.session.id]
    assert await told(databases, phone) == [tablet.session.id]


async def test_who_broke_in_cannot_hide_it_from_older_sessions_or_from_later_ones(databases: Databases) -> None:
    author = await make_author(databases)
    laptop, thief = await begin(databases, author, 0), await begin(databases, author, 1)
    second = await begin(databases, author, 2)
    for each in (thief, second):
        await dismiss(databases, each, second)
    assert thief.session.id in await told(databases, laptop)
    later = await begin(databases, author, 3, device=laptop.device)
    assert thief.session.id in await told(databases, later)


async def test_nothing_is_dismissed_ahead_of_its_time(databases: Databases) -> None:
    author = await make_author(databases)
    laptop = await begin(databases, author, 0)
    with clock.frozen(NOW_US + 60 * clock.SECOND_US):
        await notices.dismiss(databases, await signed_in(databases, laptop), 2**62)
    phone = await begin(databases, author, 2)
    assert await told(databases, laptop) == [phone.session.id]


async def test_the_next_page_tells_and_one_button_ends_it(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    thief = await start(databases, author, user_agent=FIREFOX, country="DE")
    page = (await client.get("/author/account", headers=BROWSER)).text
    assert "<strong>A new sign-in:</strong> Firefox on Linux, Germany, " in page
    await send(client, f"/author/sessions/{thief.session.id}?_method=DELETE", {})
    assert "A new sign-in" not in (await client.get("/author/account", headers=BROWSER)).text
    assert await find(databases, thief.token) is None


async def test_several_are_one_notice_with_their_number_and_each_can_be_ended(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    began = [await start(databases, author, user_agent=FIREFOX, country=place) for place in ("DE", "CH", "FR", "AT")]
    page = (await client.get("/author/account", headers=BROWSER)).text
    assert page.count('class="notice notice-warning sign-in-notice"') == 1
    assert "<strong>4 new sign-ins</strong>, the newest: Firefox on Linux, Austria, " in page
    assert all(f'action="/author/sessions/{each.session.id}?_method=DELETE"' in page for each in began)
    await send(client, "/author/sessions/notices", {"until_us": str(began[-1].session.created_at_us)})
    assert "sign-in-notice" not in (await client.get("/author/account", headers=BROWSER)).text


async def test_it_was_me_takes_the_notice_away_and_leads_back(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    mine = await start(databases, author, user_agent=FIREFOX, country="")
    form = {"until_us": str(mine.session.created_at_us)}
    headers = BROWSER | {"Referer": "http://localhost:8000/author/account"}
    answer = await client.post("/author/sessions/notices", data=form, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/account")
    assert "A new sign-in" not in (await client.get("/author/account", headers=BROWSER)).text
    assert len(await listing(databases, author.id)) == 2


async def test_the_device_cookie_is_for_the_authors_area_alone(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    written = (await sign_in(client)).headers.get_list("set-cookie")[1]
    assert written.startswith("sdc_device=")
    assert all(part in written for part in ("HttpOnly", "Path=/author", "SameSite=lax", "Max-Age=34560000"))


async def test_signing_out_and_in_again_on_a_device_is_nothing_new(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await make_author(databases)
    elsewhere = await start(databases, author, user_agent="", country="")
    await sign_in(client)
    await notices.dismiss(databases, await now_signed_in(databases, elsewhere), clock.now_us())
    await send(client, "/author/sign-out", {})
    await sign_in(client)
    assert await notices.of(databases, await now_signed_in(databases, elsewhere)) == []


async def now_signed_in(databases: Databases, started: Started) -> SignedIn:
    found = await find(databases, started.token)
    assert found is not None
    return found


async def test_the_list_says_where_a_session_was_last_used_and_where_it_began(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    with clock.frozen(clock.now_us() - clock.DAY_US):
        started = await start(databases, author, user_agent=FIREFOX, country="CH", way="passkey")
    await find(databases, started.token, "DE")
    page = (await client.get("/author/sessions", headers=BROWSER)).text
    assert "Germany" in page
    assert "began in Switzerland" in page
    assert "by passkey" in page


async def test_the_last_use_is_kept_to_ten_minutes(databases: Databases) -> None:
    author = await make_author(databases)
    started = await begin(databases, author, 0)
    seen = []
    for minutes in (9, 11, 12, 30):
        with clock.frozen(NOW_US + minutes * 60 * clock.SECOND_US):
            await find(databases, started.token)
            seen.append(((await listing(databases, author.id))[0].seen_at_us - NOW_US) // clock.SECOND_US // 60)
    assert seen == [0, 11, 11, 30]


async def test_a_browser_that_is_known_waits_for_its_own_failures_alone(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await make_author(databases)
    device = (await start(databases, author, user_agent="", country="")).device
    for _ in range(4):
        refused = await sign_in(client, "a wrong password indeed")
    assert refused.status_code == 429
    client.cookies.set("sdc_device", device, domain="localhost.local", path="/author")
    assert (await sign_in(client)).status_code == 303
    for _ in range(4):
        refused = await sign_in(client, "a wrong password indeed")
    assert refused.status_code == 429


async def test_a_device_of_one_author_is_no_help_with_the_name_of_another(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await make_author(databases)
    client.cookies.set("sdc_device", "a token that nobody gave", domain="localhost.local", path="/author")
    for _ in range(4):
        refused = await sign_in(client, "a wrong password indeed")
    assert refused.status_code == 429


def test_countries_have_their_names() -> None:
    assert len(NAMES) > 240
    assert (country("DE"), country("CI"), country("XX"), country("")) == ("Germany", "Côte d'Ivoire", "XX", "")
