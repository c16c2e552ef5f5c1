import asyncio
import base64

import pyotp
import pytest
from msgspec.structs import replace
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound, Throttled, Unauthorized
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_web.authors import sealing, throttle, totp
from sdc_web.db import Databases

from signing_in import OWNER

NOW_US = 1_800_000_000_000_000
STEP_US = totp.STEP_US
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, seconds * clock.SECOND_US) == seconds // 30


@pytest.mark.parametrize(("drift", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off_and_no_more(drift: int, taken: bool) -> None:  # noqa: FBT001 - a table
    step = NOW_US // STEP_US + drift
    code = pyotp.TOTP(RFC_SECRET).generate_otp(step)
    assert (totp.matching_step(RFC_SECRET, code, NOW_US) == step) is taken


def test_a_code_may_be_typed_in_groups() -> None:
    assert totp.matching_step(RFC_SECRET, " 287 082 ", 59 * clock.SECOND_US) == 1


@pytest.mark.parametrize("code", ["", "28708", "2870820", "28708a", "\u0662\u0668\u0667\u0660\u0668\u0662", "-87082"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, 59 * clock.SECOND_US) is None


class App:
    """The app on an author's phone."""

    def __init__(self, databases: Databases, settings: Settings, author_id: str) -> None:
        self.databases = databases
        self.key_file = settings.factors_key
        self.author_id = author_id
        self.by = replace(OWNER, id=author_id)
        self.secret = ""

    async def enrol(self) -> None:
        await totp.begin(self.databases, self.by, self.key_file)
        waiting = await totp.enrolment(self.databases, self.by, self.key_file, site="Notes")
        self.secret = waiting.secret

    async def set_up(self) -> None:
        await self.enrol()
        await totp.confirm(self.databases, self.by, self.key_file, self.code())

    def code(self, drift: int = 0) -> str:
        return pyotp.TOTP(self.secret).generate_otp(clock.now_us() // STEP_US + drift)

    async def verify(self, code: str) -> None:
        await totp.verify(self.databases, self.by, self.key_file, code)


@pytest.fixture
def phone(databases: Databases, settings: Settings, author_id: str) -> App:
    return App(databases, settings, author_id)


async def test_codes_are_on_once_the_first_has_come(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.enrol()
        assert not await totp.is_on(phone.databases, phone.author_id)
        with pytest.raises(Invalid):
            await totp.confirm(phone.databases, phone.by, phone.key_file, phone.code(drift=5))
        assert not await totp.is_on(phone.databases, phone.author_id)
        await totp.confirm(phone.databases, phone.by, phone.key_file, phone.code())
    assert await totp.is_on(phone.databases, phone.author_id)


async def test_a_set_up_that_takes_longer_than_a_quarter_of_an_hour_begins_again(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.enrol()
    with clock.frozen(NOW_US + totp.ENROLMENT_US), pytest.raises(NotFound):
        await totp.confirm(phone.databases, phone.by, phone.key_file, phone.code())


async def test_a_new_app_counts_once_its_first_code_has_come_and_the_old_one_no_more(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.set_up()
        old = phone.secret
    with clock.frozen(NOW_US + STEP_US):
        await phone.enrol()
        await phone.verify(pyotp.TOTP(old).generate_otp(clock.now_us() // STEP_US))
        await totp.confirm(phone.databases, phone.by, phone.key_file, phone.code())
    with clock.frozen(NOW_US + 2 * STEP_US):
        with pytest.raises(Unauthorized):
            await phone.verify(pyotp.TOTP(old).generate_otp(clock.now_us() // STEP_US))
        await phone.verify(phone.code())


async def test_a_code_is_good_once_and_so_is_the_one_that_turned_codes_on(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.set_up()
        with pytest.raises(Unauthorized, match="used before"):
            await phone.verify(phone.code())
    with clock.frozen(NOW_US + STEP_US):
        await phone.verify(phone.code())
        with pytest.raises(Unauthorized, match="used before"):
            await phone.verify(phone.code())


async def test_after_a_code_no_earlier_one_is_taken(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.set_up()
    with clock.frozen(NOW_US + 3 * STEP_US):
        await phone.verify(phone.code(drift=1))
        with pytest.raises(Unauthorized, match="used before"):
            await phone.verify(phone.code())


async def test_of_two_at_once_with_one_code_one_comes_in(phone: App) -> None:
    async def came_in() -> bool:
        try:
            await phone.verify(phone.code())
        except Unauthorized:
            return False
        return True

    with clock.frozen(NOW_US):
        await phone.set_up()
    with clock.frozen(NOW_US + STEP_US):
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(came_in()) for _ in range(2)]
    assert sorted(each.result() for each in tries) == [False, True]


async def test_guessing_has_to_wait_longer_and_longer_and_right_passwords_do_not_shorten_it(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.set_up()
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await phone.verify("000000")
        await throttle.forgive(phone.databases.ttl, throttle.keys("ada", "127.0.0.1"))
        with pytest.raises(Throttled):
            await phone.verify(phone.code(drift=1))
    with clock.frozen(NOW_US + 3 * clock.SECOND_US):
        await phone.verify(phone.code(drift=1))


def test_at_most_a_hundred_guesses_a_day_are_let_through() -> None:
    waits = [throttle.wait_s(failures, throttle.LONGEST_CODE_WAIT_S) for failures in range(1, 120)]
    guesses, seconds = 0, 0
    while seconds < 86_400:
        seconds += waits[guesses]
        guesses += 1
    assert guesses < 110


async def test_a_secret_lies_in_the_database_sealed(phone: App) -> None:
    await phone.set_up()
    async with phone.databases.site.read() as connection:
        sealed = await fetch_value(connection, "SELECT sealed FROM totp_secrets")
    assert isinstance(sealed, bytes)
    assert base64.b32decode(phone.secret) not in sealed
    assert await sealing.unseal(phone.key_file, sealed, "somebody else") is None


async def test_on_a_machine_without_the_key_the_reason_is_told_and_nobody_waits(phone: App) -> None:
    with clock.frozen(NOW_US):
        await phone.set_up()
        phone.key_file.unlink()
        for _ in range(4):
            with pytest.raises(Unauthorized, match="restored without their key"):
                await phone.verify(phone.code())


async def test_codes_that_are_off_are_asked_for_no_more(phone: App) -> None:
    await phone.set_up()
    await totp.turn_off(phone.databases, phone.by)
    assert not await totp.is_on(phone.databases, phone.author_id)
    with pytest.raises(NotFound):
        await totp.turn_off(phone.databases, phone.by)
