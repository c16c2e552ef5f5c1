import asyncio

import msgspec
import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, Throttled, Unauthorized
from sdc_core.sqlite import fetch_value
from sdc_web.authors import accounts, one_time_tokens, passwords, store, throttle
from sdc_web.authors.one_time_tokens import Claim
from sdc_web.db import Databases

from signing_in import NAME, OWNER, PASSWORD, make_author

ADDRESS = "203.0.113.7"
NOW_US = 1_800_000_000_000_000
CLAIM = Claim(name="ada", display_name="Ada Lovelace", password=PASSWORD, site_title="Notes")


async def test_the_right_password_gives_the_author(databases: Databases) -> None:
    made = await make_author(databases)
    found = await accounts.sign_in(databases, name="ADA", password=PASSWORD, address=ADDRESS)
    assert found.id == made.id


async def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(databases: Databases) -> None:
    await make_author(databases)
    words = set()
    for name, password in ((NAME, "wrong wrong wrong wrong"), ("nobody", PASSWORD)):
        with pytest.raises(Unauthorized) as refused:
            await accounts.sign_in(databases, name=name, password=password, address=ADDRESS)
        words.add(str(refused.value))
    assert len(words) == 1


async def test_an_author_without_a_password_cannot_sign_in_by_one(databases: Databases) -> None:
    await accounts.create(databases, OWNER, name="eve", role="owner", password=None)
    with pytest.raises(Unauthorized):
        await accounts.sign_in(databases, name="eve", password="", address=ADDRESS)


async def test_nobody_is_called_as_the_site_calls_itself_in_the_log(databases: Databases) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.create(databases, OWNER, name=" System ", role="viewer")
    assert refused.value.field == "name"


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u3164", "\u200e", "\x7f"])
async def test_a_name_holds_nothing_unseen_and_nothing_that_turns_it_round(databases: Databases, letter: str) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.create(databases, OWNER, name="eve", role="viewer", display_name=f"Ada{letter} L")
    assert refused.value.field == "display_name"


@pytest.mark.parametrize("shown", ["Zoë Ďurišová", "محمد", "林さん", "👩\u200d💻 Eve"])
async def test_a_name_is_written_as_people_write_theirs(databases: Databases, shown: str) -> None:
    assert (
        await accounts.create(databases, OWNER, name="eve", role="viewer", display_name=shown)
    ).display_name == shown


async def test_fourteen_characters_are_too_few(databases: Databases) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.create(databases, OWNER, name="eve", role="owner", password="a" * 5 + "bcdefghij")
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("passwordpassword", "easy to guess: repeats like"),
        ("qwertyuiopasdfgh", "easy to guess: this is similar to a commonly used password"),
        ("123456789987654321", "easy to guess"),
        ("abcdefghijklmnopq", "easy to guess: sequences like"),
        ("Summer2024Summer2024", "easy to guess"),
        ("Ada Lovelace 1815", "easy to guess"),
        ("letmeinletmein123", "easy to guess"),
        ("short", "at least 15 characters"),
        ("xY7-" * 257, "at most 1024 characters"),
    ],
)
async def test_a_password_that_is_guessed_soon_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        await passwords.require_strong(password, "ada", "Ada Lovelace")
    assert why in str(refused.value)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "nine lives and a lantern",
        "ich gehe gern im Regen",
        "雨の日に散歩をするのが好きです、とても",
        "x7" + "é" * 3 + "-Kq9!zt_W4mRpLb" * 60,
    ],
)
async def test_a_password_that_is_long_in_guesses_is_taken_as_it_is(password: str) -> None:
    await passwords.require_strong(password, "ada", "Ada Lovelace")


async def test_a_password_is_one_whichever_keyboard_composed_its_letters(databases: Databases) -> None:
    await accounts.create(databases, OWNER, name="eve", role="owner", password="caf\u00e9 caf\u00e9 long enough")
    found = await accounts.sign_in(databases, name="eve", password="cafe\u0301 cafe\u0301 long enough", address=ADDRESS)
    assert found.name == "eve"


async def test_names_differing_in_case_are_one_name(databases: Databases) -> None:
    await make_author(databases)
    with pytest.raises(Conflict):
        await accounts.create(databases, OWNER, name="Ada", role="owner", password=PASSWORD)


@pytest.mark.parametrize("name", ["", "a b", "-a", "../x", "ä", "a" * 33])
async def test_a_name_that_is_none_is_refused(databases: Databases, name: str) -> None:
    with pytest.raises(Invalid):
        await accounts.create(databases, OWNER, name=name, role="owner", password=PASSWORD)


async def test_a_hash_of_weaker_parameters_is_replaced_at_sign_in(databases: Databases) -> None:
    author = await make_author(databases)
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    old = await asyncio.to_thread(weak.hash, PASSWORD)
    async with databases.site.transaction() as connection:
        await store.set_password_hash(connection, author.id, old)
    await accounts.sign_in(databases, name=NAME, password=PASSWORD, address=ADDRESS)
    async with databases.site.read() as connection:
        kept = await store.by_id(connection, author.id)
    assert kept is not None
    assert kept.password_hash is not None
    assert "m=32768,t=2,p=1" in kept.password_hash


def test_the_waiting_time_grows_and_ends() -> None:
    waits = [throttle.wait_s(failures, throttle.LONGEST_ACCOUNT_WAIT_S) for failures in range(1, 12)]
    assert waits == [0, 0, 2, 4, 8, 16, 32, 60, 60, 60, 60]


async def test_the_fourth_try_must_wait_even_with_the_right_password(databases: Databases) -> None:
    await make_author(databases)
    with clock.frozen(NOW_US):
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await accounts.sign_in(databases, name=NAME, password="not this one at all", address=ADDRESS)
        with pytest.raises(Throttled) as refused:
            await accounts.sign_in(databases, name=NAME, password=PASSWORD, address=ADDRESS)
    assert refused.value.retry_after_s == 2


async def test_after_the_wait_the_right_password_is_taken_and_failures_are_forgiven(databases: Databases) -> None:
    await make_author(databases)
    with clock.frozen(NOW_US):
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await accounts.sign_in(databases, name=NAME, password="not this one at all", address=ADDRESS)
    with clock.frozen(NOW_US + 3 * clock.SECOND_US):
        await accounts.sign_in(databases, name=NAME, password=PASSWORD, address=ADDRESS)
    async with databases.ttl.read() as connection:
        assert await fetch_value(connection, "SELECT count(*) FROM throttles") == 0


async def counted(databases: Databases) -> bool:
    """Whether a try was let through."""
    try:
        await throttle.count(databases.ttl, throttle.keys(NAME, ADDRESS))
    except Throttled:
        return False
    return True


async def test_tries_at_the_same_time_all_count(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(counted(databases)) for _ in range(6)]
    assert sum(each.result() for each in tries) == 3


async def test_one_address_waits_whatever_names_it_tries(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        for name in ("a", "b", "c"):
            with pytest.raises(Unauthorized):
                await accounts.sign_in(databases, name=name, password="x" * 15, address=ADDRESS)
        with pytest.raises(Throttled):
            await accounts.sign_in(databases, name="d", password="x" * 15, address=ADDRESS)


def test_addresses_of_one_ipv6_network_are_one_and_cannot_be_read_from_the_key() -> None:
    first, second = (list(throttle.keys("n", address)) for address in ("2001:db8::1", "2001:db8::ffff"))
    assert first == second
    assert "2001" not in "".join(first)


async def test_a_setup_link_makes_the_first_author_once(databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    author = await one_time_tokens.set_up(databases, token, CLAIM)
    assert author.name == "ada"
    with pytest.raises(Unauthorized):
        await one_time_tokens.set_up(databases, token, CLAIM)


async def claimed(databases: Databases, token: str, name: str) -> bool:
    """Whether that name became the first author."""
    try:
        await one_time_tokens.set_up(databases, token, msgspec.structs.replace(CLAIM, name=name))
    except (Conflict, Unauthorized):
        return False
    return True


async def test_two_who_use_a_setup_link_at_once_make_one_author(databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    async with asyncio.TaskGroup() as group:
        claims = [group.create_task(claimed(databases, token, name)) for name in ("ada", "eve")]
    assert sum(each.result() for each in claims) == 1
    assert len(await accounts.everyone(databases)) == 1


async def test_a_setup_link_ends_after_thirty_minutes(databases: Databases) -> None:
    with clock.frozen(NOW_US):
        token = await one_time_tokens.issue_setup_link(databases)
    with clock.frozen(NOW_US + one_time_tokens.LIFETIME_US - 1):
        assert await one_time_tokens.works(databases, token, "setup")
    with clock.frozen(NOW_US + one_time_tokens.LIFETIME_US), pytest.raises(Unauthorized):
        await one_time_tokens.set_up(databases, token, CLAIM)


async def test_a_mistake_in_the_form_leaves_the_setup_link_unused(databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    short = Claim(name="ada", display_name="", password="short", site_title="Notes")
    with pytest.raises(Invalid):
        await one_time_tokens.set_up(databases, token, short)
    assert await one_time_tokens.works(databases, token, "setup")


async def test_no_setup_link_is_issued_once_there_is_an_author(databases: Databases) -> None:
    await make_author(databases)
    with pytest.raises(Conflict):
        await one_time_tokens.issue_setup_link(databases)


async def test_a_login_link_signs_its_author_in_once(databases: Databases) -> None:
    author = await make_author(databases)
    token = await one_time_tokens.issue_login_link(databases, NAME)
    assert (await one_time_tokens.log_in(databases, token)).id == author.id
    with pytest.raises(Unauthorized):
        await one_time_tokens.log_in(databases, token)


async def test_a_login_link_is_no_setup_link(databases: Databases) -> None:
    await make_author(databases)
    token = await one_time_tokens.issue_login_link(databases, NAME)
    assert not await one_time_tokens.works(databases, token, "setup")


async def test_a_login_link_for_nobody_is_refused(databases: Databases) -> None:
    with pytest.raises(NotFound):
        await one_time_tokens.issue_login_link(databases, "nobody")


async def test_a_token_is_stored_as_its_digest_alone(databases: Databases) -> None:
    token = await one_time_tokens.issue_setup_link(databases)
    async with databases.ttl.read() as connection:
        stored = await fetch_value(connection, "SELECT token_sha256 FROM one_time_tokens")
    assert stored == one_time_tokens.sha256(token)
    assert stored != token
