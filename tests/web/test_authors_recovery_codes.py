import asyncio
import re

import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Throttled, Unauthorized
from sdc_core.sqlite import fetch_value
from sdc_web.authors import accounts, recovery_codes
from sdc_web.db import Databases

from signing_in import NAME, OWNER, as_actor, make_author

ADDRESS = "203.0.113.7"
NOW_US = 1_800_000_000_000_000


async def test_ten_different_codes_are_made_that_are_easy_to_type(databases: Databases, author_id: str) -> None:
    codes = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)


async def test_only_hashes_are_kept(databases: Databases, author_id: str) -> None:
    codes = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    async with databases.site.read() as connection:
        kept = str(await fetch_value(connection, "SELECT group_concat(code_sha256) FROM recovery_codes"))
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


async def test_each_code_is_good_once_and_uses_up_no_other(databases: Databases, author_id: str) -> None:
    codes = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    assert (await recovery_codes.use(databases, OWNER, codes[3], ADDRESS)).unused == 9
    with pytest.raises(Unauthorized):
        await recovery_codes.use(databases, OWNER, codes[3], ADDRESS)
    assert (await recovery_codes.use(databases, OWNER, codes[4], ADDRESS)).unused == 8


async def test_of_two_at_once_with_one_code_one_comes_in(databases: Databases, author_id: str) -> None:
    async def came_in(code: str) -> bool:
        try:
            await recovery_codes.use(databases, OWNER, code, ADDRESS)
        except Unauthorized:
            return False
        return True

    code = (await recovery_codes.renew(databases, OWNER, replaces_us=0))[0]
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(came_in(code)) for _ in range(2)]
    assert sorted(each.result() for each in tries) == [False, True]


async def test_a_code_may_be_typed_as_people_type(databases: Databases, author_id: str) -> None:
    first, second, *_ = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    careless = f" {first.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}\n"
    assert (await recovery_codes.use(databases, OWNER, careless, ADDRESS)).unused == 9
    assert (await recovery_codes.use(databases, OWNER, second.replace("-", ""), ADDRESS)).unused == 8


async def test_a_code_of_another_author_is_none(databases: Databases, author_id: str) -> None:
    other = await accounts.create(databases, OWNER, name="eve", role="author")
    code = (await recovery_codes.renew(databases, as_actor(other), replaces_us=0))[0]
    with pytest.raises(Unauthorized):
        await recovery_codes.use(databases, OWNER, code, ADDRESS)


async def test_a_new_set_ends_the_old_one(databases: Databases, author_id: str) -> None:
    old = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    made_at_us = (await recovery_codes.left(databases, author_id)).made_at_us
    await recovery_codes.renew(databases, OWNER, replaces_us=made_at_us)
    with pytest.raises(Unauthorized):
        await recovery_codes.use(databases, OWNER, old[0], ADDRESS)
    assert (await recovery_codes.left(databases, author_id)).unused == 10


async def test_a_form_sent_twice_does_not_make_worthless_what_was_printed(databases: Databases, author_id: str) -> None:
    printed = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    with pytest.raises(Conflict):
        await recovery_codes.renew(databases, OWNER, replaces_us=0)
    assert (await recovery_codes.use(databases, OWNER, printed[0], ADDRESS)).unused == 9


async def test_fewer_than_three_are_few_and_no_set_is_not(databases: Databases, author_id: str) -> None:
    assert not (await recovery_codes.left(databases, author_id)).few
    codes = await recovery_codes.renew(databases, OWNER, replaces_us=0)
    told = [(await recovery_codes.use(databases, OWNER, code, ADDRESS)).few for code in codes]
    assert told == [False] * 7 + [True] * 3


async def test_guessing_has_to_wait(databases: Databases, author_id: str) -> None:
    code = (await recovery_codes.renew(databases, OWNER, replaces_us=0))[0]
    with clock.frozen(NOW_US):
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await recovery_codes.use(databases, OWNER, "0" * 24, ADDRESS)
        with pytest.raises(Throttled):
            await recovery_codes.use(databases, OWNER, code, ADDRESS)


async def test_an_author_without_a_password_comes_in_by_name_and_code(databases: Databases) -> None:
    eve = await accounts.create(databases, OWNER, name="eve", role="author")
    code = (await recovery_codes.renew(databases, as_actor(eve), replaces_us=0))[0]
    assert (await recovery_codes.sign_in(databases, name=" EVE", code=code, address=ADDRESS)).id == eve.id
    with pytest.raises(Unauthorized):
        await recovery_codes.sign_in(databases, name="eve", code=code, address=ADDRESS)


async def test_a_code_alone_does_not_stand_for_a_password_and_is_not_used_up(databases: Databases) -> None:
    ada = await make_author(databases)
    code = (await recovery_codes.renew(databases, OWNER, replaces_us=0))[0]
    words = set()
    for name in (NAME, "nobody"):
        with pytest.raises(Unauthorized) as refused:
            await recovery_codes.sign_in(databases, name=name, code=code, address=ADDRESS)
        words.add(str(refused.value))
    assert len(words) == 1
    assert (await recovery_codes.left(databases, ada.id)).unused == 10
