import asyncio
import re
from urllib.parse import unquote

import httpx
import pyotp
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.authors import accounts, pending, recovery_codes, totp
from sdc_web.authors.store import Author
from sdc_web.db import Databases
from sdc_web.sessions.confirm import FRESH_US
from sdc_web.sessions.signed_in import find, listing

from signing_in import BROWSER, NAME, OWNER, PASSWORD, as_actor, come_in, make_author, send, sign_in

CODE = "/author/sign-in/code"
STEP_US = totp.STEP_US


class Phone:
    """An author with a password, and the app that makes their codes."""

    def __init__(self, author: Author, secret: str) -> None:
        self.author = author
        self._secret = secret

    def code(self, drift: int = 0) -> str:
        return pyotp.TOTP(self._secret).generate_otp(clock.now_us() // STEP_US + drift)

    @property
    def wrong(self) -> str:
        return str((int(self.code()) + 500_000) % 1_000_000).zfill(6)


@pytest.fixture
async def phone(databases: Databases, settings: Settings) -> Phone:
    """Codes are on; the last one used is an hour old."""
    author = await make_author(databases)
    with clock.frozen(clock.now_us() - 3600 * clock.SECOND_US):
        await totp.begin(databases, OWNER, settings.factors_key)
        waiting = await totp.enrolment(databases, OWNER, settings.factors_key, site="Notes")
        made = Phone(author, waiting.secret)
        await totp.confirm(databases, OWNER, settings.factors_key, made.code())
    return made


async def test_an_app_is_set_up_by_its_first_code_and_recovery_codes_come_next(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await make_author(databases)
    await sign_in(client)
    assert (await send(client, "/author/account/codes", {})).headers["location"] == "/author/account/codes"
    page = (await client.get("/author/account/codes", headers=BROWSER)).text
    assert 'src="data:image/svg+xml' in page
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
    assert f"secret={secret}" in page

    wrong = await send(client, "/author/account/codes", {"code": "12345"}, "PUT")
    assert (wrong.status_code, 'id="error-code"' in wrong.text, secret[:4] in wrong.text) == (422, True, True)
    assert not await totp.is_on(databases, author.id)
    right = {"code": pyotp.TOTP(secret).generate_otp(clock.now_us() // STEP_US)}
    answer = await send(client, "/author/account/codes", right, "PUT")
    assert answer.headers["location"] == "/author/account/recovery-codes?said=codes_on"
    assert await totp.is_on(databases, author.id)
    assert (await client.get("/author/account/codes", headers=BROWSER)).status_code == 404


async def test_codes_need_a_password_to_be_asked_for_after(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert (await send(client, "/author/account/codes", {})).status_code == 409
    assert "You have no password" in (await client.get("/author/account", headers=BROWSER)).text


async def test_the_right_password_asks_for_the_code_and_the_code_signs_in(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    form = {"name": NAME, "password": PASSWORD, "return_to": "/author/media"}
    asked = await send(client, "/author/sign-in", form)
    assert (asked.status_code, asked.headers["location"]) == (303, CODE)
    assert "sdc_session" not in client.cookies
    assert await listing(databases, phone.author.id) == []
    assert (await client.get("/author", headers=BROWSER)).status_code == 303
    assert (await client.get(CODE, headers=BROWSER)).status_code == 200
    answer = await send(client, CODE, {"code": phone.code()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media")
    assert (await client.get("/author/account", headers=BROWSER)).status_code == 200


async def test_a_wrong_code_is_told_beside_the_field_and_the_next_one_may_be_right(
    client: httpx.AsyncClient, phone: Phone
) -> None:
    await sign_in(client)
    wrong = await send(client, CODE, {"code": phone.wrong})
    assert (wrong.status_code, 'id="error-code"' in wrong.text) == (422, True)
    assert (await send(client, CODE, {"code": phone.code()})).status_code == 303


async def test_a_used_code_does_not_sign_in_again(client: httpx.AsyncClient, phone: Phone) -> None:
    await sign_in(client)
    code = phone.code()
    await send(client, CODE, {"code": code})
    client.cookies.clear()
    await sign_in(client)
    again = await send(client, CODE, {"code": code})
    assert (again.status_code, "wait for the next one" in again.text) == (422, True)


async def test_guessing_waits_though_the_password_is_right_each_time_and_a_recovery_code_passes(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    code = (await recovery_codes.renew(databases, OWNER, replaces_us=0))[0]
    with clock.frozen(clock.now_us()):
        for _ in range(3):
            await sign_in(client)
            assert (await send(client, CODE, {"code": phone.wrong})).status_code == 422
        await sign_in(client)
        waiting = await send(client, CODE, {"code": phone.code()})
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "2")
        assert (await send(client, CODE, {"recovery_code": code})).status_code == 303


async def test_another_browser_cannot_bring_the_code(client: httpx.AsyncClient, phone: Phone) -> None:
    await sign_in(client)
    client.cookies.clear()
    for cookie in ("", "guess"):
        answer = await client.post(
            CODE, data={"code": phone.code()}, headers={**BROWSER, "Cookie": f"sdc_pending={cookie}"}
        )
        assert (answer.status_code, "begun in another browser" in answer.text) == (401, True)
    assert (await client.get(CODE, headers=BROWSER)).status_code == 401


async def test_the_code_has_five_minutes(client: httpx.AsyncClient, phone: Phone) -> None:
    with clock.frozen(clock.now_us() - pending.LIFETIME_US):
        await sign_in(client)
    answer = await send(client, CODE, {"code": phone.code()})
    assert (answer.status_code, "five minutes" in answer.text) == (401, True)


async def test_a_finished_sign_in_cannot_be_finished_again(client: httpx.AsyncClient, phone: Phone) -> None:
    await sign_in(client)
    await send(client, CODE, {"code": phone.code()})
    assert (await send(client, CODE, {"code": phone.code(1)})).status_code == 401


async def test_of_two_proofs_at_once_for_one_sign_in_one_begins_a_session(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    first, second, *_ = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    await sign_in(client)
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(send(client, CODE, {"recovery_code": each})) for each in (first, second)]
    assert sorted(each.result().status_code for each in tries) == [303, 401]
    assert len(await listing(databases, phone.author.id)) == 1


async def test_a_changed_password_ends_what_the_old_one_began(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    await sign_in(client)
    await send(client, CODE, {"code": phone.code()})
    session = client.cookies["sdc_session"]
    await sign_in(client)
    client.cookies.set("sdc_session", session, domain="localhost.local")
    new = {"current": PASSWORD, "password": "a lamp, a ladder, a lake"}
    await send(client, "/author/account/password", new)
    assert (await send(client, CODE, {"code": phone.code(1)})).status_code == 401


async def test_a_session_that_was_brought_along_is_not_taken_over(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    client.cookies.set("sdc_session", "chosen-by-somebody-else", domain="localhost.local")
    client.cookies.set("sdc_pending", "chosen-by-somebody-else", domain="localhost.local")
    await sign_in(client)
    assert client.cookies["sdc_pending"] != "chosen-by-somebody-else"
    await send(client, CODE, {"code": phone.code()})
    assert await find(databases, client.cookies["sdc_session"]) is not None
    assert await find(databases, "chosen-by-somebody-else") is None


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example/", "/author/sign-in/code", "/\\evil.example"]
)
async def test_the_code_leads_nowhere_else(client: httpx.AsyncClient, phone: Phone, address: str) -> None:
    await send(client, "/author/sign-in", {"name": NAME, "password": PASSWORD, "return_to": address})
    assert (await send(client, CODE, {"code": phone.code()})).headers["location"] == "/author"


async def test_on_a_machine_without_the_key_the_page_says_what_still_works(
    client: httpx.AsyncClient, databases: Databases, settings: Settings, phone: Phone
) -> None:
    code = (await recovery_codes.renew(databases, OWNER, replaces_us=0))[0]
    settings.factors_key.unlink()
    await sign_in(client)
    answer = await send(client, CODE, {"code": phone.code()})
    assert (answer.status_code, "restored without their key" in answer.text) == (422, True)
    assert "sdc author login-link" in answer.text
    assert (await send(client, CODE, {"recovery_code": code})).status_code == 303


async def test_confirming_by_password_asks_for_the_code_as_well(client: httpx.AsyncClient, phone: Phone) -> None:
    with clock.frozen(clock.now_us() - FRESH_US - clock.SECOND_US):
        await sign_in(client)
        await send(client, CODE, {"code": phone.code()})
    assert 'name="code"' in (await client.get("/author/confirm", headers=BROWSER)).text
    for code in ("", phone.wrong, "no recovery code"):
        alone = await send(client, "/author/confirm", {"password": PASSWORD, "code": code})
        assert (alone.status_code, 'id="error-code"' in alone.text) == (422, True)
    with clock.frozen(clock.now_us() + 10 * clock.SECOND_US):
        right = await send(client, "/author/confirm", {"password": PASSWORD, "code": phone.code()})
    assert right.status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/author/account/codes", {}),
        ("PUT", "/author/account/codes", {"code": "123456"}),
        ("DELETE", "/author/account/codes", {}),
        ("POST", "/author/account/recovery-codes", {"replaces": "0"}),
    ],
)
async def test_changing_a_factor_asks_for_a_fresh_proof(
    client: httpx.AsyncClient, databases: Databases, method: str, path: str, form: dict[str, str]
) -> None:
    await come_in(client, databases)
    with clock.frozen(clock.now_us() + FRESH_US + clock.SECOND_US):
        answer = await send(client, path, form, method)
    assert answer.headers["location"].startswith("/author/confirm/form?")


async def test_the_password_that_a_code_belongs_to_is_changed_with_a_fresh_proof(
    client: httpx.AsyncClient, databases: Databases, phone: Phone
) -> None:
    new = {"current": PASSWORD, "password": "a lamp, a ladder, a lake"}
    with clock.frozen(clock.now_us() - FRESH_US - clock.SECOND_US):
        await sign_in(client)
        await send(client, CODE, {"code": phone.code()})
    late = await send(client, "/author/account/password", new)
    assert late.headers["location"].startswith("/author/confirm/form?")
    assert await accounts.sign_in(databases, name=NAME, password=PASSWORD, address="127.0.0.1")
    with clock.frozen(clock.now_us() + STEP_US):
        await send(client, "/author/confirm", {"password": PASSWORD, "code": phone.code()})
        answer = await send(client, "/author/account/password", new)
    assert answer.headers["location"] == "/author/account?said=password"


async def test_codes_are_turned_off(client: httpx.AsyncClient, phone: Phone) -> None:
    await sign_in(client)
    await send(client, CODE, {"code": phone.code()})
    assert "Turn codes off" in (await client.get("/author/account", headers=BROWSER)).text
    answer = await send(client, "/author/account/codes", {}, "DELETE")
    assert answer.headers["location"] == "/author/account?said=codes_off"
    client.cookies.clear()
    assert (await sign_in(client)).headers["location"] == "/author"


async def test_recovery_codes_are_shown_once_and_counted(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    page = (await client.get("/author/account/recovery-codes", headers=BROWSER)).text
    form = {"replaces": re.findall(r'name="replaces" value="(\d+)"', page)[0]}
    shown = await send(client, "/author/account/recovery-codes", form)
    codes = re.findall(r"<code>((?:[0-9A-Z]{4}-){5}[0-9A-Z]{4})</code>", shown.text)
    assert (shown.status_code, len(codes)) == (200, 10)
    (file,) = re.findall(r'href="data:text/plain;charset=utf-8,([^"]+)" download', shown.text)
    assert unquote(file).split("\n\n")[1].split() == codes
    assert (await send(client, "/author/account/recovery-codes", form)).status_code == 409
    later = (await client.get("/author/account/recovery-codes", headers=BROWSER)).text
    assert codes[0] not in later
    assert "10 left" in (await client.get("/author/account", headers=BROWSER)).text


async def test_a_recovery_code_signs_an_author_without_a_password_in_once(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    eve = await accounts.create(databases, OWNER, name="eve", role="author")
    code = (await recovery_codes.renew(databases, as_actor(eve), replaces_us=0))[0]
    assert "/author/sign-in/recovery" in (await client.get("/author/sign-in", headers=BROWSER)).text
    form = {"name": "eve", "recovery_code": code, "return_to": "/author/media"}
    answer = await send(client, "/author/sign-in/recovery", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/author/media")
    again = await send(client, "/author/sign-in/recovery", form)
    assert (again.status_code, 'value="eve"' in again.text, code in again.text) == (422, True, False)


async def test_with_few_recovery_codes_left_the_way_leads_to_new_ones(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    eve = await accounts.create(databases, OWNER, name="eve", role="author")
    codes = await recovery_codes.renew(databases, as_actor(eve), replaces_us=0)
    for code in codes[:7]:
        await recovery_codes.use(databases, as_actor(eve), code, "127.0.0.1")
    form = {"name": "eve", "recovery_code": codes[7], "return_to": "/author/media"}
    answer = await send(client, "/author/sign-in/recovery", form)
    assert answer.headers["location"] == "/author/account?said=recovery_code"
    page = (await client.get(answer.headers["location"], headers=BROWSER)).text
    assert "two left" in page
    assert "Few are left" in page


@pytest.mark.parametrize("address", ["//evil.example", "https:evil.example", "/author/sign-in"])
async def test_a_recovery_code_leads_nowhere_else(
    client: httpx.AsyncClient, databases: Databases, address: str
) -> None:
    eve = await accounts.create(databases, OWNER, name="eve", role="author")
    code = (await recovery_codes.renew(databases, as_actor(eve), replaces_us=0))[0]
    form = {"name": "eve", "recovery_code": code, "return_to": address}
    assert (await send(client, "/author/sign-in/recovery", form)).headers["location"] == "/author"
