import asyncio

import pytest
from sdc_core.errors import Unavailable
from sdc_web.reports import asking


async def fail(error: Exception) -> None:
    raise error


async def all_of(*errors: Exception) -> None:
    async with asking.together() as group:
        for error in errors:
            group.create_task(fail(error))
        await asyncio.Event().wait()


async def test_the_failure_of_one_question_comes_out_as_it_is_and_ends_the_others() -> None:
    with pytest.raises(Unavailable, match="away"):
        await all_of(Unavailable("away"))


async def test_what_is_unexpected_is_not_hidden_behind_a_worker_that_is_away() -> None:
    with pytest.raises(ValueError, match="a bug"):
        await all_of(Unavailable("away"), ValueError("a bug"))
