import pytest
from sdc_web.texts import names


@pytest.mark.parametrize("given", [0, 1, 2, 3, 7, 8, 9, 1_000])
async def test_names_of_one_title_are_numbered_without_a_gap(given: int) -> None:
    there = {"fog", *(f"fog-{number}" for number in range(2, given + 1))} if given else set()
    asked: list[str] = []

    async def taken(name: str) -> bool:
        asked.append(name)
        return name in there

    assert await names.first_free("fog", taken) == ("fog" if not given else f"fog-{given + 1}")
    assert len(asked) <= 2 * given.bit_length() + 2, "as many questions as numbers would make each copy slower to save"


async def test_a_gap_is_filled_or_passed_and_never_what_is_taken() -> None:
    there = {"fog", "fog-2", "fog-3", "fog-5", "fog-9"}

    async def taken(name: str) -> bool:
        return name in there

    assert await names.first_free("fog", taken) not in there


async def test_a_number_fits_behind_the_longest_title() -> None:
    longest = names.from_title("fog " * 40)

    async def taken(name: str) -> bool:
        return name == longest

    free = await names.first_free(longest, taken)
    assert free.endswith("-2")
    assert len(free) <= names.MAX_LENGTH
