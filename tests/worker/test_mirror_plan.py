import tracemalloc

import pytest
from sdc_core import keys
from sdc_core.objects import ObjectInfo
from sdc_worker.mirror import daily, plan


def listing(*names: str, etag: str = "0" * 32, size_bytes: int = 1) -> dict[str, ObjectInfo]:
    """A listing of equal objects."""
    return {name: ObjectInfo(key=name, size_bytes=size_bytes, etag=etag, modified_us=0) for name in names}


def ltx(level: int, first: int, last: int) -> str:
    """The key of a replica file."""
    return f"litestream/site/{level:04}/{first:016x}-{last:016x}.ltx"


def refused(source: dict[str, ObjectInfo], destination: dict[str, ObjectInfo]) -> str:
    """What a run from one to the other is stopped with; empty where it is not."""
    asks = plan.together(plan.questions("media", source, destination, plan.make(source, destination)))
    return str(asks or "")


def test_a_plan_tells_new_changed_deleted_and_unchanged_apart() -> None:
    source = listing("new", "same") | listing("changed", etag="1" * 32, size_bytes=7)
    made = plan.make(source, listing("same", "changed", "deleted"))
    assert made == plan.Plan(new=("new",), changed=("changed",), deleted=("deleted",), unchanged=1, size_bytes=8)


def test_an_object_uploaded_in_parts_is_compared_by_length() -> None:
    assert plan.make(listing("big", etag="f" * 32 + "-3"), listing("big")).unchanged == 1


def test_an_emptied_bucket_is_refused() -> None:
    assert "is empty" in refused(listing(keys.MARKER), listing(keys.MARKER, "a"))


def test_a_bucket_without_its_marker_is_refused() -> None:
    assert keys.MARKER in refused(listing("a"), listing(keys.MARKER, "a"))


def test_a_bucket_without_its_marker_tells_what_else_is_wrong() -> None:
    told = refused(listing("0", "1"), listing(keys.MARKER, *map(str, range(9))))
    assert f"has no {keys.MARKER}" in told
    assert "; 8 of 10 objects are gone" in told


def test_deleting_more_than_a_fifth_is_refused() -> None:
    ten = [keys.MARKER, *map(str, range(9))]
    assert "3 of 10 objects" in refused(listing(*ten[:7]), listing(*ten))


def test_deleting_more_than_a_hundred_is_refused_however_many_there_are() -> None:
    thousand = [keys.MARKER, *map(str, range(999))]
    assert "101 of 1000 objects" in refused(listing(*thousand[:-101]), listing(*thousand))


def test_deleting_a_fifth_is_allowed() -> None:
    ten = [keys.MARKER, *map(str, range(9))]
    source, destination = listing(*ten[:8]), listing(*ten)
    assert refused(source, destination) == ""


def test_merged_replica_files_do_not_count_as_deleted() -> None:
    source = listing(keys.MARKER, ltx(9, 1, 100))
    destination = listing(keys.MARKER, *(ltx(0, each, each) for each in range(1, 100)))
    assert refused(source, destination) == ""


def test_a_replica_that_ends_before_its_mirror_is_refused() -> None:
    sentence = refused(listing(keys.MARKER, ltx(0, 1, 1)), listing(keys.MARKER, ltx(0, 1, 1), ltx(0, 2, 2)))
    assert "the replica of site" in sentence


@pytest.mark.parametrize("lost", [ltx(9, 1, 10), ltx(1, 11, 20)])
def test_a_replica_that_has_lost_what_a_restore_needs_is_refused_though_it_goes_on(lost: str) -> None:
    files = [ltx(9, 1, 10), ltx(1, 11, 20), *(ltx(0, each, each) for each in range(21, 30))]
    destination = listing(keys.MARKER, *files)
    source = listing(keys.MARKER, *(key for key in files if key != lost), ltx(0, 30, 30))
    assert "lacks files of the replica of site" in refused(source, destination)


def test_a_replica_whose_gap_is_newer_than_its_mirror_is_copied() -> None:
    destination = listing(keys.MARKER, ltx(9, 1, 10), ltx(0, 11, 11))
    source = listing(keys.MARKER, ltx(9, 1, 10), ltx(0, 11, 11), ltx(0, 13, 13))
    assert refused(source, destination) == ""


def test_originals_that_were_overwritten_are_asked_about_as_those_that_are_gone() -> None:
    names = [keys.MARKER, *(keys.original(str(number)) for number in range(9))]
    destination = listing(*names)
    source = destination | listing(*names[1:4], etag="f" * 32)
    assert "3 of 9 originals in bucket media were overwritten" in refused(source, destination)


def test_other_objects_may_all_change_in_a_day() -> None:
    names = [keys.MARKER, *(keys.manifest(str(number)) for number in range(9))]
    destination = listing(*names)
    source = destination | listing(*names[1:], etag="f" * 32)
    assert refused(source, destination) == ""


def test_replica_files_are_copied_snapshots_first_and_in_the_order_of_transactions() -> None:
    files = [ltx(0, 31, 31), ltx(0, 32, 32), ltx(1, 11, 20), ltx(1, 21, 31), ltx(9, 1, 10)]
    made = plan.make(listing(*reversed(files), keys.MARKER), {})
    told = [(group.keys, group.in_turn) for group in plan.in_order(made)]
    assert told == [
        ((keys.MARKER,), False),
        ((files[4],), False),
        ((files[2], files[3]), True),
        ((files[1],), True),
        ((files[0],), False),
    ]


def test_of_a_month_nearly_all_is_copied_at_the_same_time() -> None:
    snapshots = [ltx(9, 1, day * 1_440) for day in range(1, 31)]
    levels = [ltx(level, at, at + size - 1) for level, size in ((3, 60), (2, 5), (1, 1)) for at in _begins(size)]
    groups = plan.in_order(plan.make(listing(*snapshots, *levels), {}))
    assert sorted(key for group in groups for key in group.keys) == sorted([*snapshots, *levels])
    assert [len(group.keys) for group in groups if group.in_turn] == [23, 11, 2]
    assert set(groups[0].keys) == set(snapshots)


def test_a_first_copy_that_was_cut_off_after_the_snapshots_goes_on_at_the_same_time() -> None:
    snapshots = [ltx(9, 1, day * 1_440) for day in range(1, 31)]
    levels = [ltx(level, at, at + size - 1) for level, size in ((3, 60), (2, 5), (1, 1)) for at in _begins(size)]
    groups = plan.in_order(plan.make(listing(*snapshots, *levels), listing(*snapshots)))
    assert sorted(key for group in groups for key in group.keys) == sorted(levels)
    assert [len(group.keys) for group in groups if group.in_turn] == [23, 11, 2]


def _begins(size: int) -> range:
    """Of the files of a level, each of so many transactions; a month, and the day that has no snapshot yet but for the
    last transactions, which higher levels lack.
    """
    return range(1, 30 * 1_440 + 1_439 - size, size)


def test_an_object_on_both_sides_takes_about_a_kilobyte_while_a_run_is_planned() -> None:
    count = 20_000
    tracemalloc.start()
    try:
        source, kept = (
            {
                key: ObjectInfo(key=key, size_bytes=number, etag=f"{number:032x}", modified_us=10**15 + number)
                for number in range(count)
                for key in (f"{prefix}variants/{number:026}/r3/480.avif",)
            }
            for prefix in ("", "current/media/")
        )
        planned = plan.make(source, daily.below(kept, "current/media/"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert planned.unchanged == count
    assert most / count < 1_500
