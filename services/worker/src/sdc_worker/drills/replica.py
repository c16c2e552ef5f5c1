"""Litestream's replicas: bringing a database back from one, and asking the running Litestream how it does."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlencode

import msgspec
from sdc_core import clock, keys
from sdc_core.answers.backups import ReplicaHealth, Replication
from sdc_core.errors import Conflict, NotFound
from sdc_core.objects import Endpoint
from sdc_core.process import find_program
from sdc_core.settings import Settings

from sdc_worker.mirror import child

Name: TypeAlias = Literal["site", "worker"]
DATABASES: tuple[Name, ...] = ("site", "worker")

RESTORE_S = 3600.0
LIST_S = 60.0
LISTED_BYTES = 64 * 1024**2
"""Far more than Litestream lists of the files that it keeps: a site that is written to all day has some thousands, each
told in 200 bytes.
"""
SOCKET_S = 1.5
MAX_ANSWER_BYTES = 64 * 1024
STALE_US = 60 * clock.SECOND_US


class RestoreFailed(Conflict):
    """The replica does not give a whole database; the sentence says what Litestream found."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A database that was brought back and passed SQLite's integrity check. `state_us` is when the newest change in it
    was made, to the second; `newest_us` is the time of the replica's newest file: nothing later is in any state of it.
    """

    path: Path
    txid: str
    state_us: int
    newest_us: int
    duration_us: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when a replica reaches, by the times of its files, to the second."""

    oldest_us: int
    newest_us: int


class ReplicaFile(msgspec.Struct, frozen=True, kw_only=True):
    """What matters of a file of a replica, as Litestream lists it."""

    max_txid: str
    timestamp: datetime


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    max_txid: str


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    txid: str = ""


class _Managed(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    status: str = ""
    last_sync_at: datetime | None = None


class _List(msgspec.Struct, frozen=True, kw_only=True):
    databases: list[_Managed] = []


async def restore_database(
    endpoint: Endpoint,
    bucket: str,
    prefix: str,
    database: Name,
    into: Path,
    *,
    at: datetime | None = None,
    env: Mapping[str, str] | None = None,
) -> Restored:
    """Write the database as it was at `at`, or its newest state, to the new file `into`, and check its integrity. Files
    are merged as they grow old, so of older moments it is the last one before `at` that is kept: `state_us` tells.

    The replica is at `prefix` + `litestream/<database>`: the prefix is empty in the backup bucket and
    `current/<backup bucket>/` at the mirror. A time after the newest state means the newest. Raises NotFound when there
    is no replica or none so old, Conflict when `into` exists, RestoreFailed, and Unavailable past the deadline.
    """
    started_us = clock.monotonic_us()
    if await asyncio.to_thread(into.exists):
        message = f"{into} exists already: move it away first"
        raise Conflict(message)
    url = _url(endpoint, bucket, prefix + keys.replica(database))
    given = {**_credentials(endpoint), **(env or {})}
    files = await _files(url, given, f"{database} in bucket {bucket}")
    newest = max(file.timestamp for file in files)
    moment = [] if at is None or at > newest else _until(at)
    if moment and at and at < min(file.timestamp for file in files):
        message = f"the replica of {database} begins later than {at.isoformat()}"
        raise NotFound(message)
    ended = await child.run(
        [await _program(), "restore", "-o", str(into), "-integrity-check", "full", "-json", *moment, url],
        given,
        deadline_s=RESTORE_S,
        out_bytes=LISTED_BYTES,
    )
    if ended.code:
        message = f"the replica of {database} in bucket {bucket} does not restore: {_last_line(ended.errors)}"
        raise RestoreFailed(message)
    txid = msgspec.json.decode(ended.out, type=_Summary).txid
    return Restored(
        path=into,
        txid=txid,
        state_us=_state_us(files, txid),
        newest_us=clock.from_datetime(newest),
        duration_us=clock.monotonic_us() - started_us,
    )


async def state_us(
    endpoint: Endpoint,
    bucket: str,
    prefix: str,
    database: Name,
    at: datetime,
    *,
    env: Mapping[str, str] | None = None,
) -> int:
    """When the newest change was made that a restore to `at` would bring back, to the second. Nothing is restored.
    Raises RestoreFailed where there is no such state, and Unavailable.
    """
    url = _url(endpoint, bucket, prefix + keys.replica(database))
    given = {**_credentials(endpoint), **(env or {})}
    files = await _files(url, given, f"{database} in bucket {bucket}")
    # A file for the plan alone: nothing is written to it, but one that is there already would be refused.
    into = f"/nonexistent/{clock.new_id()}.db"
    command = [await _program(), "restore", "-o", into, "-dry-run", "-json", *_until(at), url]
    ended = await child.run(command, given, deadline_s=LIST_S, out_bytes=LISTED_BYTES)
    if ended.code:
        message = f"the replica of {database} in bucket {bucket} has no state of then: {_last_line(ended.errors)}"
        raise RestoreFailed(message)
    return _state_us(files, msgspec.json.decode(ended.out, type=_Plan).max_txid)


def _until(at: datetime) -> list[str]:
    return ["-timestamp", at.isoformat().replace("+00:00", "Z")]


def _state_us(files: Sequence[ReplicaFile], txid: str) -> int:
    """When a transaction was made: of the files that end with it the first, for snapshots are taken later. Of one that
    came while the files were listed, the moment of the newest that was known.
    """
    known = max(file.max_txid for file in files if file.max_txid <= txid)
    return clock.from_datetime(min(file.timestamp for file in files if file.max_txid == known))


async def kept(
    endpoint: Endpoint, bucket: str, prefix: str, database: Name, *, env: Mapping[str, str] | None = None
) -> Kept:
    """How far a replica reaches. Raises NotFound where there is none, RestoreFailed where it cannot be listed."""
    url = _url(endpoint, bucket, prefix + keys.replica(database))
    files = await _files(url, {**_credentials(endpoint), **(env or {})}, f"{database} in bucket {bucket}")
    times = [clock.from_datetime(file.timestamp) for file in files]
    return Kept(oldest_us=min(times), newest_us=max(times))


async def replication(settings: Settings) -> Replication:
    """How the Litestream that runs the worker does, by its control socket. Never raises SdcError."""
    path = settings.DATA_DIR.absolute() / "run" / "litestream.sock"
    try:
        async with asyncio.timeout(SOCKET_S):
            body = await _get(path, "/list")
        managed = msgspec.json.decode(body, type=_List).databases
    except (FileNotFoundError, ConnectionRefusedError):
        return Replication(running=False, reason="not running under Litestream: nothing is replicated")
    except TimeoutError:
        return Replication(running=False, reason="Litestream waits, perhaps for the object store, and does not answer")
    except (OSError, msgspec.DecodeError) as error:
        return Replication(running=False, reason=f"Litestream does not answer: {type(error).__name__}")
    databases = tuple(_health(each) for each in managed)
    never = [each.name for each in databases if each.synced_us is None]
    late = [each.name for each in databases if not each.ok and each.synced_us is not None]
    reasons = [f"{' and '.join(never)}: not copied since Litestream was started"] if never else []
    reasons += [f"{' and '.join(late)}: not copied for more than {STALE_US // clock.SECOND_US} s"] if late else []
    return Replication(running=True, reason="; ".join(reasons), databases=databases)


def _health(managed: _Managed) -> ReplicaHealth:
    synced_us = clock.from_datetime(managed.last_sync_at) if managed.last_sync_at else None
    lag_us = None if synced_us is None else max(0, clock.now_us() - synced_us)
    return ReplicaHealth(
        name=Path(managed.path).stem,
        status=managed.status,
        synced_us=synced_us,
        lag_us=lag_us,
        ok=managed.status == "replicating" and lag_us is not None and lag_us <= STALE_US,
    )


async def _get(socket: Path, target: str) -> bytes:
    """The body of an answer; the control socket speaks HTTP, and HTTP/1.0 ends it by closing."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(f"GET {target} HTTP/1.0\r\nHost: litestream\r\n\r\n".encode())
        await writer.drain()
        answer = await reader.read(MAX_ANSWER_BYTES)
        while chunk := await reader.read(MAX_ANSWER_BYTES):
            answer += chunk
            if len(answer) > MAX_ANSWER_BYTES:
                break
    finally:
        writer.close()
    _, _, body = answer.partition(b"\r\n\r\n")
    return body


async def _files(url: str, env: Mapping[str, str], what: str) -> list[ReplicaFile]:
    command = [await _program(), "ltx", "-level", "all", "-json", url]
    ended = await child.run(command, env, deadline_s=LIST_S, out_bytes=LISTED_BYTES)
    if ended.code:
        message = f"the replica of {what} cannot be listed: {_last_line(ended.errors)}"
        raise RestoreFailed(message)
    files = msgspec.json.decode(ended.out or "[]", type=list[ReplicaFile] | None)
    if not files:
        message = f"there is no replica of {what}"
        raise NotFound(message)
    return files


async def _program() -> str:
    return await asyncio.to_thread(find_program, "litestream")


def _url(endpoint: Endpoint, bucket: str, path: str) -> str:
    query = urlencode({"endpoint": endpoint.url, "region": endpoint.region, "forcePathStyle": "true"})
    return f"s3://{bucket}/{path}?{query}"


def _credentials(endpoint: Endpoint) -> dict[str, str]:
    return {
        "LITESTREAM_ACCESS_KEY_ID": endpoint.access_key_id,
        "LITESTREAM_SECRET_ACCESS_KEY": endpoint.secret_access_key,
    }


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][-300:] if lines else "it gave no reason"
