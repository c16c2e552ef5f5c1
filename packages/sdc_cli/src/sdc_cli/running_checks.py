"""The checks that ask what runs: object store, its clock and its conditional writes, web, worker, replicas, drill."""

import asyncio
import http.client
from collections.abc import Callable, Coroutine
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec
from sdc_core import clock, keys, objects
from sdc_core.answers.backups import Backups
from sdc_core.answers.health import Health
from sdc_core.errors import Conflict, SdcError
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_worker.drills import replica

from sdc_cli import backups, worker_calls
from sdc_cli.check import Check

ANSWER_S = 5.0
CLOCK_S = 60.0
DRILL_DAYS = 2
FIRST_COPY_S = 10.0
"""A site that was just started is there before its store."""
LOOK_S = 0.2
START = "start the site with `sdc up`"
REPLICAS_REMEDY = f"{START}; logs/worker.log in the data folder has Litestream's reason"
STORE_REMEDY = f"{START}, or set SDC_S3_ENDPOINT_URL and its keys to an object store that runs"


async def store(settings: Settings) -> list[Check]:
    """Every bucket there with its marker, and conditional writes honoured."""
    buckets = (settings.S3_MEDIA_BUCKET, settings.S3_BACKUP_BUCKET, settings.S3_ANALYTICS_BUCKET)
    async with objects.open_store(objects.local_endpoint(settings)) as client:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_fault(client, bucket)) for bucket in buckets]
        faults = [reason for task in asked if (reason := task.result())]
        if faults:
            return [Check(name="object store", ok=False, found="; ".join(dict.fromkeys(faults)), remedy=STORE_REMEDY)]
        found = f"{settings.S3_ENDPOINT_URL}: {', '.join(buckets)}"
        return [Check(name="object store", ok=True, found=found), await _conditional(client, buckets[-1])]


async def clocks(settings: Settings) -> list[Check]:
    """Our clock against the one in the object store's answers: signatures and schedules need it right."""
    try:
        date = (await asyncio.to_thread(_fetch, settings.S3_ENDPOINT_URL + "/")).date
        apart_s = abs((clock.now() - parsedate_to_datetime(date)).total_seconds())
    except (OSError, http.client.HTTPException, ValueError):
        return []
    remedy = "set this machine's clock (timedatectl set-ntp true)"
    return [Check(name="clock", ok=apart_s < CLOCK_S, found=f"{apart_s:.0f} s from the object store's", remedy=remedy)]


async def web(settings: Settings) -> list[Check]:
    """Web answers and is well."""
    return [await _health("web", settings.web_url)]


async def worker(settings: Settings) -> list[Check]:
    """The worker answers and is well; then what it says of the last drill."""
    health = await _health("worker", settings.worker_url)
    try:
        told = await worker_calls.get(settings, "/backups", Backups)
    except SdcError as error:
        remedy = f"{START}; both services need the same SDC_WEBHOOK_SECRETS"
        return [health, Check(name="backups", ok=False, found=str(error), remedy=remedy)]
    return [health, _drill(told)]


async def replicas(settings: Settings) -> list[Check]:
    """What the running Litestream says of both databases, once it has looked at them."""
    told = await replica.replication(settings)
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_COPY_S):
            while any(each.synced_us is None for each in told.databases):
                await asyncio.sleep(LOOK_S)
                told = await replica.replication(settings)
    found = told.reason or ", ".join(f"{each.name}: {_lag(each.lag_us)}" for each in told.databases)
    return [Check(name="replicas", ok=told.running and not told.reason, found=found, remedy=REPLICAS_REMEDY)]


ALL: tuple[Callable[[Settings], Coroutine[object, object, list[Check]]], ...] = (store, clocks, web, replicas, worker)


def is_service(base_url: str) -> bool:
    """Whether web or the worker of some site answers there, well or not. Blocking."""
    try:
        msgspec.json.decode(_fetch(f"{base_url}/health").body, type=Health)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return False
    return True


def is_store(base_url: str) -> bool:
    """Whether an embedded object store answers there. Blocking."""
    try:
        return _fetch(f"{base_url}/healthz").status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


async def _fault(client: ObjectStore, bucket: str) -> str:
    """What is wrong with a bucket, in words, or ''."""
    try:
        if reason := await client.ping(bucket):
            return f"{bucket}: {reason}"
        if await client.head(bucket, keys.MARKER) is None:
            return f"{bucket}: its marker {keys.MARKER} is missing, no mirror will touch it"
    except SdcError as error:
        return f"{bucket}: {error}"
    return ""


async def _conditional(client: ObjectStore, bucket: str) -> Check:
    """Two puts of one new key, of which a store that honours `If-None-Match` takes only the first."""
    key = f"doctor/{clock.new_id()}"
    ok = False
    try:
        await client.put(bucket, key, b"1", content_type="text/plain", only_new=True)
        await client.put(bucket, key, b"2", content_type="text/plain", only_new=True)
    except Conflict:
        ok = await client.get(bucket, key, max_bytes=1) == b"1"
    except SdcError as error:
        return Check(name="conditional writes", ok=False, found=str(error), remedy=STORE_REMEDY)
    finally:
        await client.delete(bucket, key)
    remedy = "use an object store that knows If-None-Match: SeaweedFS, MinIO, AWS S3 and R2 do"
    return Check(name="conditional writes", ok=ok, found="honoured" if ok else "ignored", remedy=remedy)


def _lag(lag_us: int | None) -> str:
    return "not yet copied" if lag_us is None else f"copied {lag_us / clock.SECOND_US:.1f} s ago"


def _drill(told: Backups) -> Check:
    last = told.drill
    fresh = last is None or clock.now_us() - last.due_us < DRILL_DAYS * clock.DAY_US
    found = "none yet: the first is due within a day" if last is None else backups.words(last)
    ok = fresh and (last is None or last.outcome in ("ok", "running"))
    return Check(name="restore drill", ok=ok, found=found, remedy="run `sdc drill run`, and read what it says")


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    date: str
    body: bytes


async def _health(name: str, base_url: str) -> Check:
    try:
        answer = await asyncio.to_thread(_fetch, f"{base_url}/health")
        health = msgspec.json.decode(answer.body, type=Health)
    except (OSError, http.client.HTTPException) as error:
        return Check(name=name, ok=False, found=f"nothing answers at {base_url} ({error})", remedy=START)
    except msgspec.DecodeError:
        remedy = f"something else listens at {base_url}: stop it, or change the setting"
        return Check(name=name, ok=False, found=f"{base_url}/health is not SDC's", remedy=remedy)
    told = [f"{part}: {state.reason}" for part, state in health.parts.items() if state.reason or not state.ok]
    found = "; ".join(told) or f"{base_url}: {', '.join(health.parts) or health.status}"
    return Check(
        name=name, ok=answer.status == 200, found=found, remedy=f"logs/{name}.log in the data folder tells more"
    )


def _fetch(url: str) -> _Answer:
    """One GET, blocking. Raises OSError and HTTPException."""
    address = urlsplit(url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=ANSWER_S)
    try:
        connection.request("GET", address.path or "/")
        response = connection.getresponse()
        return _Answer(status=response.status, date=response.getheader("Date", ""), body=response.read(1024 * 1024))
    finally:
        connection.close()
