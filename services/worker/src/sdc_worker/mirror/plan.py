"""What a mirror run would do to one bucket, and whether that may be done. Knows no network."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sdc_core import keys
from sdc_core.errors import Conflict
from sdc_core.objects import ObjectInfo

from sdc_worker.cron.jobs import ConfirmationNeeded

MAX_DELETED = 100
MAX_DELETED_SHARE = 0.2
NAMED = 3
"""How many of the objects that would go are named to whoever decides."""

Listing = Mapping[str, ObjectInfo]
"""Objects by key. Stores list in different orders, so listings are compared by key and never side by side."""

_LTX = re.compile(
    rf"(?:[^/]+/)?{keys.LITESTREAM}/(?P<database>[^/]+)/(?P<level>\d{{4}})/"
    r"(?P<first>[0-9a-f]{16})-(?P<last>[0-9a-f]{16})\.ltx"
)


class MirrorRefused(Conflict):
    """A guard stopped the run before anything was copied or deleted; the sentence says which and what to do."""

    permanent = True


class MirrorAsks(MirrorRefused, ConfirmationNeeded):
    """The same, by a guard that a confirmed run passes. `about` is the part of its words that says which guard it is,
    and of what: who has confirmed words with that in them has confirmed this.
    """

    def __init__(self, message: str, *, about: str) -> None:
        super().__init__(message)
        self.about = about


class Group(msgspec.Struct, frozen=True):
    """Keys to copy at the same time or, `in_turn`, one after another by ascending name."""

    keys: tuple[str, ...]
    in_turn: bool = False


class _Replicated(msgspec.Struct, frozen=True):
    """A file of a database's replica: the transactions it holds."""

    database: str
    first: int
    last: int
    key: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, sorted; `deleted` are at the destination alone. `size_bytes` is what has to be copied. `covered` is up to
    which transaction each database can be restored by one file that is there already.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int
    size_bytes: int
    covered: Mapping[str, int] = {}

    @property
    def to_copy(self) -> int:
        """How many objects have to be copied."""
        return len(self.new) + len(self.changed)


def make(source: Listing, destination: Listing) -> Plan:
    """Compare two listings."""
    new = sorted(source.keys() - destination.keys())
    both = source.keys() & destination.keys()
    changed = sorted(key for key in both if not same(source[key], destination[key]))
    return Plan(
        new=tuple(new),
        changed=tuple(changed),
        deleted=tuple(sorted(destination.keys() - source.keys())),
        unchanged=len(both) - len(changed),
        size_bytes=sum(source[key].size_bytes for key in (*new, *changed)),
        covered=_covered(both.difference(changed)),
    )


def _covered(there: Iterable[str]) -> dict[str, int]:
    covered: dict[str, int] = {}
    for key in there:
        if (file := _LTX.fullmatch(key)) and int(file["first"], 16) == 1:
            covered[file["database"]] = max(covered.get(file["database"], 0), int(file["last"], 16))
    return covered


def begins(key: str) -> bool:
    """Whether a key is that of a replica's file with which a restore begins: it needs no other one."""
    file = _LTX.fullmatch(key)
    return file is not None and int(file["first"], 16) == 1


def is_marker(key: str) -> bool:
    """Whether a key is that of a bucket's marker, in the bucket or in a mirror of several."""
    return key.rpartition("/")[2] == keys.MARKER


def together(asks: Sequence[MirrorAsks]) -> MirrorAsks | None:
    """All that is asked as one question: nobody who answers the first is to answer another one unseen."""
    return MirrorAsks("; ".join(map(str, asks)), about="") if len(asks) > 1 else next(iter(asks), None)


def same(one: ObjectInfo, other: ObjectInfo) -> bool:
    """Equal length, and equal ETag where both are MD5 digests. An object uploaded in parts has another kind (with a
    dash in it), which depends on the parts: then the length must do.
    """
    if one.size_bytes != other.size_bytes:
        return False
    return one.etag == other.etag or "-" in one.etag or "-" in other.etag


def questions(bucket: str, source: Listing, destination: Listing, plan: Plan) -> list[MirrorAsks]:
    """Everything in a plan that looks like an accident at the source.

    The replicas of databases are judged by their transactions and not by counting: Litestream merges files all day.
    """
    if not _contents(destination):
        return []
    if not _contents(source):
        about = f"bucket {bucket} is empty"
        words = (
            f"{about}, but its mirror holds {len(destination)} objects: nothing was copied or deleted. Restore the "
            f"bucket; or confirm the run, which moves them to the history: {_named(plan.deleted)}"
        )
        return [MirrorAsks(words, about=about)]
    return [
        *_of_marker(bucket, source, plan),
        *_of_replicas(bucket, source, destination),
        *_of_originals(bucket, destination, plan),
        *_of_deleted(bucket, destination, plan),
    ]


def unmarked(bucket: str) -> str:
    """What is said of a bucket of the site that has lost its marker."""
    return f"bucket {bucket} has no {keys.MARKER}"


def newest_transactions(listing: Iterable[str]) -> dict[str, int]:
    """The newest transaction of each replicated database in a bucket, by database."""
    newest: dict[str, int] = {}
    for key in listing:
        if file := _LTX.fullmatch(key):
            newest[file["database"]] = max(newest.get(file["database"], 0), int(file["last"], 16))
    return newest


def in_order(plan: Plan) -> list[Group]:
    """The keys to copy, in groups that must follow each other.

    Wherever the copy stops, the transactions copied so far have no gap and can be restored. So each compaction level of
    the replicas follows the next higher one: snapshots, then ever finer files. Only a level's files that go on from
    there must be copied in turn; those that begin with the first transaction need no other one. What higher levels
    already cover serves older states alone: that comes last, and all at once, for it is nearly all of a replica. All
    other objects come first.
    """
    levels: dict[int, list[_Replicated]] = {}
    others: list[str] = []
    for key in (*plan.new, *plan.changed):
        file = _LTX.fullmatch(key)
        if file is None:
            others.append(key)
            continue
        made = _Replicated(file["database"], int(file["first"], 16), int(file["last"], 16), key)
        levels.setdefault(int(file["level"]), []).append(made)
    groups, covered, before = [Group(tuple(sorted(others)))], dict(plan.covered), list[str]()
    for level in sorted(levels, reverse=True):
        going_on = [each for each in levels[level] if each.last > covered.get(each.database, 0)]
        before += [each.key for each in levels[level] if each.last <= covered.get(each.database, 0)]
        groups.append(Group(tuple(sorted(each.key for each in going_on if each.first == 1))))
        groups.append(Group(tuple(sorted(each.key for each in going_on if each.first > 1)), in_turn=True))
        for each in going_on:
            covered[each.database] = max(covered.get(each.database, 0), each.last)
    groups.append(Group(tuple(sorted(before))))
    return [group for group in groups if group.keys]


def _named(keys_: Sequence[str]) -> str:
    """The first few of some keys, and how many more there are."""
    more = f" and {len(keys_) - NAMED} more" if len(keys_) > NAMED else ""
    return ", ".join(keys_[:NAMED]) + more


def _contents(listing: Listing) -> int:
    return len(listing.keys() - {keys.MARKER})


def _of_marker(bucket: str, source: Listing, plan: Plan) -> Iterator[MirrorAsks]:
    if keys.MARKER not in source:
        about = unmarked(bucket)
        gone = f", moves {_named(plan.deleted)} to the history" if plan.deleted else ""
        yield MirrorAsks(
            f"{about}: it may be another bucket than the one that was mirrored. Nothing was copied or deleted. "
            f"A confirmed run mirrors it as it is{gone} and marks it",
            about=about,
        )


def _of_replicas(bucket: str, source: Listing, mirrored: Listing) -> Iterator[MirrorAsks]:
    there, reach, reached = newest_transactions(source), _reach(source), _reach(mirrored)
    for database, newest in newest_transactions(mirrored).items():
        if there.get(database, 0) < newest:
            about = f"the replica of {database} in bucket {bucket} ends before the one in its mirror"
            yield MirrorAsks(
                f"{about} (transaction {there.get(database, 0)}, mirrored {newest}): nothing was copied or deleted. "
                "After a restore of an older state, confirm the run",
                about=about,
            )
        elif reach.get(database, 0) < reached.get(database, 0):
            about = f"bucket {bucket} lacks files of the replica of {database}"
            yield MirrorAsks(
                f"{about}: it restores up to transaction {reach.get(database, 0)}, its mirror up to "
                f"{reached[database]}. Nothing was copied or deleted. A confirmed run moves the rest to the history",
                about=about,
            )


def _reach(listing: Iterable[str]) -> dict[str, int]:
    """Up to which transaction each database can be restored: from the first on, without a gap."""
    files = sorted(
        (file["database"], int(file["first"], 16), int(file["last"], 16))
        for key in listing
        if (file := _LTX.fullmatch(key))
    )
    reach: dict[str, int] = {}
    for database, first, last in files:
        if first <= reach.get(database, 0) + 1:
            reach[database] = max(reach.get(database, 0), last)
    return reach


def _of_originals(bucket: str, mirrored: Listing, plan: Plan) -> Iterator[MirrorAsks]:
    """None is ever written twice: many that changed were made unreadable, or are those of another site."""
    changed = [key for key in plan.changed if key.startswith(keys.UPLOADS)]
    total = sum(key.startswith(keys.UPLOADS) for key in mirrored)
    if _is_much(len(changed), total):
        about = f"originals in bucket {bucket} were overwritten"
        yield MirrorAsks(
            f"{len(changed)} of {total} {about} since the last mirror, which SDC never does: nothing was copied or "
            f"deleted. A confirmed run moves the former ones to the history: {_named(changed)}",
            about=about,
        )


def _of_deleted(bucket: str, mirrored: Listing, plan: Plan) -> Iterator[MirrorAsks]:
    deleted = [key for key in plan.deleted if not _LTX.fullmatch(key)]
    total = sum(not _LTX.fullmatch(key) for key in mirrored)
    if _is_much(len(deleted), total):
        about = f"objects are gone from bucket {bucket} since"
        yield MirrorAsks(
            f"{len(deleted)} of {total} {about} the last mirror, more than {MAX_DELETED} or {MAX_DELETED_SHARE:.0%}: "
            f"nothing was copied or deleted. A confirmed run moves them to the history: {_named(deleted)}",
            about=about,
        )


def _is_much(count: int, total: int) -> bool:
    return count > MAX_DELETED or count > MAX_DELETED_SHARE * total
