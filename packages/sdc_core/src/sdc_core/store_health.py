"""Whether an object store is well: it answers, and takes what is put there."""

import asyncio

from sdc_core import clock, keys
from sdc_core.errors import SdcError
from sdc_core.objects import PING_S, ObjectStore

PROBE_EVERY_US = 10 * clock.SECOND_US


async def trouble(store: ObjectStore, bucket: str) -> str:
    """Empty when a bucket answers in time, else the reason in words. Never raises SdcError.

    One that answers and takes nothing looks well until something is put there: after such a refusal a small object is
    put and deleted again, at most every ten seconds however many look, until that works. As long as all is well, a look
    writes nothing.
    """
    if reason := await store.ping(bucket):
        return reason
    now_us = clock.monotonic_us()
    if not store.unwritten or now_us - store.probed_us < PROBE_EVERY_US:
        return store.unwritten
    store.probed_us = now_us
    return await _write(store, bucket)


async def _write(store: ObjectStore, bucket: str) -> str:
    key = f"{keys.PROBES}{clock.new_id()}"
    try:
        async with asyncio.timeout(PING_S):
            await store.put(bucket, key, b"", content_type="text/plain")
            await store.delete(bucket, key)
    except TimeoutError:
        return "the object store took nothing in time"
    except SdcError as error:
        return str(error).replace(key, "a probe")
    return ""
