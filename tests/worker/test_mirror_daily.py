import asyncio
import os

import msgspec
import pytest
from sdc_core import clock, keys
from sdc_core.answers.jobs import Run
from sdc_core.errors import Misconfigured, NotFound, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.process import find_program
from sdc_core.settings import Settings
from sdc_worker.app import Parts
from sdc_worker.mirror import child, daily, markers, monthly, rclone
from sdc_worker.mirror.daily import CURRENT, HISTORY
from sdc_worker.mirror.plan import Listing, MirrorAsks, MirrorRefused
from sdc_worker.mirror.progress import Progress
from sdc_worker.mirror.target import Target

from conftest import FreshBucket


class Mirrored(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket with ten objects, and an empty remote one."""

    store: ObjectStore
    bucket: str
    target: Target

    async def run(self, *, confirmed: bool = False) -> daily.MirrorReport:
        """Mirror the one bucket; `confirmed` by whoever is asked."""
        try:
            return await daily.run(self.store, [self.bucket], self.target)
        except MirrorAsks as asks:
            if not confirmed:
                raise
            return await daily.run(self.store, [self.bucket], self.target, confirmed=str(asks))

    async def names(self, prefix: str) -> set[str]:
        """The keys at the target below a prefix."""
        listed = await markers.listing(self.store, self.target.bucket, prefix)
        return set(listed)


@pytest.fixture
async def mirrored(object_store: ObjectStore, fresh_bucket: FreshBucket) -> Mirrored:
    """What is to be mirrored, not mirrored yet."""
    bucket, remote = await fresh_bucket(), await fresh_bucket()
    await markers.ensure(object_store, bucket)
    for number in range(9):
        await object_store.put(
            bucket, f"variants/{number}", b"bytes", content_type="image/avif", cache_control="max-age=7"
        )
    env = child.clean_environment(Settings())
    ends = rclone.remotes(object_store.endpoint, object_store.endpoint, env)
    return Mirrored(store=object_store, bucket=bucket, target=Target(store=object_store, bucket=remote, remotes=ends))


async def test_the_first_run_copies_everything_and_checks_it(mirrored: Mirrored) -> None:
    report = await mirrored.run()
    assert (report.copied, report.deleted, report.checked, report.bytes > 45) == (10, 0, 10, True)


async def test_a_copy_keeps_how_long_browsers_may_keep_it(mirrored: Mirrored) -> None:
    await mirrored.run()
    answer = await mirrored.store._call(
        "head_object", Bucket=mirrored.target.bucket, Key=f"{CURRENT}{mirrored.bucket}/variants/0"
    )
    assert (answer["CacheControl"], answer["ContentType"]) == ("max-age=7", "image/avif")


async def test_a_second_run_copies_nothing(mirrored: Mirrored) -> None:
    await mirrored.run()
    report = await mirrored.run()
    assert (report.copied, report.deleted, report.checked) == (0, 0, 10)


async def test_what_is_deleted_or_changed_lives_on_in_the_history(mirrored: Mirrored) -> None:
    await mirrored.run()
    await mirrored.store.delete(mirrored.bucket, "variants/0")
    await mirrored.store.put(mirrored.bucket, "variants/1", b"others", content_type="image/avif")
    report = await mirrored.run()
    kept = {key.partition("Z/")[2] for key in await mirrored.names(f"{HISTORY}{clock.today()}T")}
    wanted = {f"{mirrored.bucket}/variants/{number}" for number in "01"}
    assert (report.copied, report.deleted, kept) == (1, 1, wanted)


async def test_an_emptied_bucket_changes_nothing_at_the_mirror(mirrored: Mirrored) -> None:
    await mirrored.run()
    before = await mirrored.names("")
    for number in range(9):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    with pytest.raises(MirrorRefused):
        await mirrored.run()
    assert await mirrored.names("") == before


async def test_a_confirmed_run_may_delete_much(mirrored: Mirrored) -> None:
    await mirrored.run()
    for number in range(5):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    assert (await mirrored.run(confirmed=True)).deleted == 5


async def test_a_refused_run_says_what_would_go(mirrored: Mirrored) -> None:
    await mirrored.run()
    for number in range(5):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    with pytest.raises(MirrorAsks, match="history: variants/0, variants/1, variants/2 and 2 more"):
        await mirrored.run()


async def test_everything_that_a_run_stops_for_is_told_at_once(mirrored: Mirrored, fresh_bucket: FreshBucket) -> None:
    both = [mirrored.bucket, await fresh_bucket()]
    await markers.ensure(mirrored.store, both[1])
    await mirrored.store.put(both[1], "originals/a", b"bytes", content_type="image/jpeg")
    await daily.run(mirrored.store, both, mirrored.target)
    for number in range(5):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    await mirrored.store.delete(both[1], "originals/a")
    with pytest.raises(MirrorAsks, match=rf"gone from bucket {both[0]} .*; bucket {both[1]} is empty"):
        await daily.run(mirrored.store, both, mirrored.target)


async def test_who_has_confirmed_one_thing_has_confirmed_no_other(mirrored: Mirrored) -> None:
    await mirrored.run()
    for number in range(5):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    with pytest.raises(MirrorAsks) as asked:
        await mirrored.run()
    for number in range(5, 9):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    with pytest.raises(MirrorAsks, match=f"bucket {mirrored.bucket} is empty"):
        await daily.run(mirrored.store, [mirrored.bucket], mirrored.target, confirmed=str(asked.value))
    assert len(await mirrored.names(CURRENT)) == 10


async def test_what_is_asked_since_comes_with_what_was_confirmed(mirrored: Mirrored, fresh_bucket: FreshBucket) -> None:
    both = [mirrored.bucket, await fresh_bucket()]
    await markers.ensure(mirrored.store, both[1])
    await mirrored.store.put(both[1], "originals/a", b"bytes", content_type="image/jpeg")
    await daily.run(mirrored.store, both, mirrored.target)
    confirmed = ""
    for bucket, key in ((both[1], "originals/a"), *((both[0], f"variants/{number}") for number in range(5))):
        await mirrored.store.delete(bucket, key)
    for gone in ((), [f"variants/{number}" for number in range(5, 9)]):
        for key in gone:
            await mirrored.store.delete(both[0], key)
        with pytest.raises(MirrorAsks) as asked:
            await daily.run(mirrored.store, both, mirrored.target, confirmed=confirmed)
        confirmed = str(asked.value)
    await daily.run(mirrored.store, both, mirrored.target, confirmed=confirmed)
    assert {key for key in await mirrored.names(CURRENT) if "variants" in key or "originals" in key} == set()


async def test_what_is_replaced_twice_in_a_day_is_all_in_the_history(mirrored: Mirrored) -> None:
    for body in (b"good", b"bad", b"worse"):
        await mirrored.store.put(mirrored.bucket, "variants/1", body, content_type="image/avif")
        await mirrored.run()
    store, remote = mirrored.store, mirrored.target.bucket
    kept = [key for key in await mirrored.names(HISTORY) if key.endswith("/variants/1")]
    bodies = {await store.get(remote, f"{HISTORY}{key}", max_bytes=9) for key in kept}
    assert bodies == {b"good", b"bad"}


async def test_a_folder_that_somebody_made_by_hand_fails_no_mirror(mirrored: Mirrored) -> None:
    await mirrored.store.put(mirrored.bucket, "made by hand/", b"", content_type="application/x-directory")
    report = await mirrored.run()
    assert report.copied == 10


async def test_a_bucket_confirmed_without_its_marker_is_not_asked_about_again(mirrored: Mirrored) -> None:
    await mirrored.run()
    await mirrored.store.delete(mirrored.bucket, keys.MARKER)
    with pytest.raises(MirrorAsks):
        await mirrored.run()
    await mirrored.run(confirmed=True)
    assert (await mirrored.run()).checked == 10


async def test_a_remote_bucket_that_is_missing_is_named_with_its_setting(mirrored: Mirrored) -> None:
    target = msgspec.structs.replace(mirrored.target, bucket="never-made")
    with pytest.raises(Misconfigured, match="the remote has no bucket never-made: create it, or set SDC_REMOTE_DAILY"):
        await daily.run(mirrored.store, [mirrored.bucket], target)


async def test_without_a_remote_the_job_is_skipped_in_words(parts: Parts) -> None:
    run = Run(
        id="r", job="mirror.daily", trigger="manual", attempt=1, due_us=1, started_us=1, ended_us=None,
        outcome="running", output="",
    )  # fmt: skip
    assert [await action(parts.context(run)) for action in (daily.daily, monthly.monthly)] == [
        daily.NO_REMOTE,
        monthly.NO_REMOTE,
    ]


async def test_a_missing_bucket_fails_and_deletes_nothing(mirrored: Mirrored) -> None:
    await mirrored.run()
    with pytest.raises(NotFound):
        await daily.run(mirrored.store, [mirrored.bucket, "never-made"], mirrored.target)


async def test_a_remote_that_holds_something_strange_is_refused(mirrored: Mirrored) -> None:
    await mirrored.store.put(mirrored.target.bucket, "holiday.jpg", b"mine", content_type="image/jpeg")
    with pytest.raises(MirrorRefused, match="is it the right one"):
        await mirrored.run()


async def test_old_history_is_forgotten_and_young_history_kept(mirrored: Mirrored) -> None:
    old = clock.day_of(clock.now_us() - (daily.HISTORY_DAYS + 1) * clock.DAY_US)
    for day in (old, f"{old}T235959.999999Z", clock.today()):
        await mirrored.store.put(mirrored.target.bucket, f"{HISTORY}{day}/media/a", b"x", content_type="text/plain")
    await daily.forget_history(mirrored.target, await mirrored.names(HISTORY))
    assert await mirrored.names(HISTORY) == {f"{clock.today()}/media/a"}


async def test_a_bucket_that_holds_something_is_not_marked_anew(mirrored: Mirrored) -> None:
    await mirrored.store.delete(mirrored.bucket, keys.MARKER)
    await markers.ensure(mirrored.store, mirrored.bucket)
    assert await mirrored.store.head(mirrored.bucket, keys.MARKER) is None


@pytest.mark.parametrize(("hours", "words"), [(400 * 24, "ahead of"), (-3, "behind")])
async def test_a_wrong_clock_stops_the_mirror_before_it_forgets_anything(
    mirrored: Mirrored, hours: int, words: str
) -> None:
    await mirrored.run()
    await mirrored.store.delete(mirrored.bucket, "variants/0")
    await mirrored.run()
    before = await mirrored.names("")
    then_us = clock.now_us() + hours * 3600 * clock.SECOND_US
    with clock.frozen(then_us), pytest.raises(MirrorRefused, match=rf"hours {words} that of the remote: nothing"):
        await mirrored.run(confirmed=True)
    assert await mirrored.names("") == before


async def test_what_is_uploaded_while_the_replicas_are_listed_is_copied_with_them(
    mirrored: Mirrored, fresh_bucket: FreshBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas, listed = await fresh_bucket(), markers.listing
    ended: list[str] = []

    async def listing(store: ObjectStore, bucket: str, prefix: str = "") -> Listing:
        if bucket == mirrored.bucket:
            assert replicas in ended
        found = await listed(store, bucket, prefix)
        ended.append(bucket)
        return found

    monkeypatch.setattr(markers, "listing", listing)
    await daily.run(mirrored.store, [replicas, mirrored.bucket], mirrored.target)
    assert mirrored.bucket in ended


async def test_what_a_run_would_do_is_told_and_nothing_is_changed(mirrored: Mirrored) -> None:
    await mirrored.run()
    before = await mirrored.names("")
    for number in range(3):
        await mirrored.store.delete(mirrored.bucket, f"variants/{number}")
    await mirrored.store.put(mirrored.bucket, "new", b"bytes", content_type="image/avif")
    told = await daily.foresee(mirrored.store, [mirrored.bucket], mirrored.target, mark=False)
    planned = told.plans[mirrored.bucket]
    assert (planned.new, len(planned.deleted), planned.size_bytes) == (("new",), 3, 5)
    assert "3 of 10 objects are gone" in str(told.question)
    assert await mirrored.names("") == before


async def test_a_look_at_an_empty_remote_leaves_no_marker_there(mirrored: Mirrored) -> None:
    await daily.foresee(mirrored.store, [mirrored.bucket], mirrored.target, mark=False)
    assert await mirrored.names("") == set()


async def test_a_mirror_tells_how_far_it_is(mirrored: Mirrored) -> None:
    progress = Progress()
    await daily.run(mirrored.store, [mirrored.bucket], mirrored.target, progress=progress)
    assert progress.words == "10 of 10 objects copied, 0.0 of 0.0 MB"


async def test_a_program_that_does_not_end_is_stopped_at_its_deadline() -> None:
    with pytest.raises(Unavailable, match="was stopped"):
        await child.run(["tail", "-f", "/dev/null"], {"PATH": os.defpath}, deadline_s=0.2)


async def test_a_program_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.1)
    deaf = ["/bin/sh", "-c", "trap '' TERM; exec tail -f /dev/null"]
    with pytest.raises(Unavailable, match="was stopped"):
        await child.run(deaf, {"PATH": os.defpath}, deadline_s=0.2)


async def test_secrets_are_in_the_environment_and_not_on_the_command_line(mirrored: Mirrored) -> None:
    env = mirrored.target.remotes.env
    ended = await child.run([await asyncio.to_thread(find_program, "rclone"), "listremotes"], env, deadline_s=10)
    assert (ended.code, set(ended.out.split())) == (0, {"src:", "dst:"})
