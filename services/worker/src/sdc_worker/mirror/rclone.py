"""Carrying objects between two endpoints with rclone: explicit lists of keys, keys and secrets by environment only."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec
from sdc_core import clock
from sdc_core.errors import Unavailable
from sdc_core.objects import Endpoint
from sdc_core.process import find_program

from sdc_worker import scratch
from sdc_worker.mirror import child

DEADLINE_S = 6 * 3600.0
FEW = 100
"""Up to so many keys are asked for one by one; for more, both sides are listed."""
AT_ONCE = "16"
"""Most objects are small, so that the way to the store and back is what takes the time."""


Told: TypeAlias = Callable[["Stats"], None]
"""Is told about once a second how far a copy is."""


class Remotes(msgspec.Struct, frozen=True, kw_only=True):
    """The two ends, and the environment that tells rclone of them."""

    source: Endpoint
    destination: Endpoint
    env: dict[str, str]


class Stats(msgspec.Struct, kw_only=True):
    """What rclone counts, as far as it is of use here."""

    bytes: int = 0
    transfers: int = 0
    deletes: int = 0
    errors: int = 0


class _Line(msgspec.Struct, kw_only=True):
    level: str = ""
    msg: str = ""
    object: str = ""
    stats: Stats | None = None


def remotes(
    source: Endpoint, destination: Endpoint, env: dict[str, str], *, lock_days: int = 0, kib_per_s: int = 0
) -> Remotes:
    """`src:` and `dst:` for rclone, in addition to a clean environment. For `lock_days` from now on, nobody can destroy
    what is written to the destination, whose bucket has Object Lock; `kib_per_s` is the most that goes over the line.
    Where both ends are one store with the same keys and nothing is locked, it copies by itself: nothing goes over the
    line.
    """
    # A configuration file of the user's must not be read, nor one be written.
    added = {"RCLONE_CONFIG": "/dev/null"}
    # A store that copies by itself does not lock what it makes of that.
    if source == destination and not lock_days:
        added["RCLONE_SERVER_SIDE_ACROSS_CONFIGS"] = "true"
    if kib_per_s:
        added["RCLONE_BWLIMIT"] = f"{kib_per_s}k"
    if lock_days:
        until = clock.to_datetime(clock.now_us() + lock_days * clock.DAY_US)
        added["RCLONE_CONFIG_DST_OBJECT_LOCK_MODE"] = "COMPLIANCE"
        added["RCLONE_CONFIG_DST_OBJECT_LOCK_RETAIN_UNTIL_DATE"] = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    for name, endpoint in (("SRC", source), ("DST", destination)):
        values = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENDPOINT": endpoint.url,
            "REGION": endpoint.region,
            "ACCESS_KEY_ID": endpoint.access_key_id,
            "SECRET_ACCESS_KEY": endpoint.secret_access_key,
            "FORCE_PATH_STYLE": "true",
            "NO_CHECK_BUCKET": "true",
        }
        added |= {f"RCLONE_CONFIG_{name}_{key}": value for key, value in values.items()}
    return Remotes(source=source, destination=destination, env={**env, **added})


async def copy(
    ends: Remotes,
    source: str,
    destination: str,
    history: str,
    keys: Sequence[str],
    *,
    in_turn: bool,
    told: Told | None = None,
) -> Stats:
    """Copy those keys from `source` to `destination`, both `bucket/path`. What is overwritten moves to `history`,
    and is lost where that is empty.

    With `in_turn` one after another by ascending name, so that an interrupted copy is a prefix. A key that has gone
    from the source meanwhile is passed over. Raises Unavailable, in words, when anything was not copied.
    """
    one_by_one = ["--transfers", "1", "--check-first", "--order-by", "name,ascending"]
    order = one_by_one if in_turn else ["--transfers", AT_ONCE]
    async with _list_file(keys) as listed:
        kept = ["--backup-dir", f"dst:{history}"] if history else []
        command = ["copy", f"src:{source}", f"dst:{destination}", *kept]
        return await _run(ends, [*command, *order, *_some(listed, keys)], told)


async def move_away(ends: Remotes, destination: str, history: str, keys: Sequence[str]) -> Stats:
    """Move those keys within the destination, from its current state to its history. Raises as `copy` does."""
    async with _list_file(keys) as listed:
        command = ["move", f"dst:{destination}", f"dst:{history}", "--transfers", AT_ONCE, *_some(listed, keys)]
        return await _run(ends, command)


def _some(listed: Path, keys: Sequence[str]) -> list[str]:
    return ["--files-from-raw", str(listed), "--no-traverse" if len(keys) <= FEW else "--fast-list"]


@asynccontextmanager
async def _list_file(keys: Sequence[str]) -> AsyncGenerator[Path]:
    async with scratch.folder("sdc-mirror-") as home:
        path = home / "keys"
        await asyncio.to_thread(path.write_text, "".join(f"{key}\n" for key in keys), encoding="utf-8")
        yield path


async def _run(ends: Remotes, command: list[str], told: Told | None = None) -> Stats:
    stats = Stats()
    errors: list[str] = []

    def read(line: bytes) -> None:
        nonlocal stats
        try:
            said = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            return
        stats = said.stats or stats
        if said.stats and told:
            told(said.stats)
        if said.level in ("error", "critical") and len(errors) < 5:
            errors.append(f"{said.object}: {said.msg}" if said.object else said.msg)

    program = await asyncio.to_thread(find_program, "rclone")
    ended = await child.run(
        [program, *command, *_EVERY_RUN],
        ends.env,
        deadline_s=DEADLINE_S,
        each_error_line=read,
    )
    if ended.code:
        reason = errors[0] if errors else ended.errors[-300:]
        message = f"rclone {command[0]} ended with code {ended.code}: {reason}"
        raise Unavailable(message, retry_after_s=300)
    return stats


_EVERY_RUN = [
    *("--checksum", "--metadata", "--checkers", "16", "--retries", "3", "--retries-sleep", "1s"),
    *("--contimeout", "10s", "--timeout", "60s"),
    *("--use-json-log", "--stats", "1s", "--stats-log-level", "NOTICE", "--log-level", "NOTICE"),
]
"""Checksums, since times would cost a request for each object. Metadata, since Cache-Control is lost without it."""
