"""Waiting times after failed sign-ins, by account and by address, or by the device where that is known. They grow and
end: nobody is locked out for good.
"""

import hashlib

import msgspec
from sdc_core import clock
from sdc_core.errors import Throttled
from sdc_core.sqlite import Connection, Database, execute, fetch_one

from sdc_web import origins

FREE_TRIES = 3
FORGOTTEN_AFTER_US = clock.DAY_US
LONGEST_ACCOUNT_WAIT_S = 60
"""Short, since anybody can make the author's account wait; a login link does not."""
LONGEST_ADDRESS_WAIT_S = 900
LONGEST_CODE_WAIT_S = 900
"""A hundred guesses a day at a code that is one of a million. Only who knows the password makes the author wait."""


class Throttle(msgspec.Struct, frozen=True, kw_only=True):
    """Failures under one key, and until when the next try is refused."""

    key: str
    failures: int
    wait_until_us: int


def keys(name: str, address: str, device: str = "") -> dict[str, int]:
    """The throttles of one try, each with its longest wait in seconds. Neither name nor address can be read from them.

    The name counts as it is looked up, without the space around it. An IPv6 client owns a whole /64, so that is what
    counts as its address. A `device` on which the author has signed in before waits for its own failures alone, so that
    nobody elsewhere can keep them out.
    """
    if device:
        return {f"device:{_digest(f'{device} {name.strip().casefold()}')}": LONGEST_ACCOUNT_WAIT_S}
    return {f"account:{_digest(name.strip().casefold())}": LONGEST_ACCOUNT_WAIT_S, **address_keys(address)}


def address_keys(address: str) -> dict[str, int]:
    """The throttle of a try that is no guess at an account's secret."""
    return {f"address:{origin(address)}": LONGEST_ADDRESS_WAIT_S}


def code_keys(author_id: str) -> dict[str, int]:
    """The throttle of codes after the password. Apart from the account's, which each right password forgives."""
    return {f"code:{_digest(author_id)}": LONGEST_CODE_WAIT_S}


def origin(address: str) -> str:
    """A digest of what counts as one address, from which it cannot be read."""
    return _digest(origins.of(address))


async def count(ttl: Database, limits: dict[str, int]) -> None:
    """Count a try as failed before it is made, so that many at once count as many. Raises Throttled while one waits."""
    now_us = clock.now_us()
    async with ttl.transaction() as connection:
        found = [await find(connection, key, now_us) for key in limits]
        waits_us = max(throttle.wait_until_us - now_us for throttle in found)
        if waits_us > 0:
            seconds = -(-waits_us // clock.SECOND_US)
            raise Throttled(f"too many failed sign-ins: try again in {seconds} s", retry_after_s=seconds)
        for throttle in found:
            failures = throttle.failures + 1
            wait_until_us = now_us + wait_s(failures, limits[throttle.key]) * clock.SECOND_US
            counted = Throttle(key=throttle.key, failures=failures, wait_until_us=wait_until_us)
            await put(connection, counted, now_us + FORGOTTEN_AFTER_US)


async def forgive(ttl: Database, limits: dict[str, int]) -> None:
    """The try succeeded: nothing is held against its account and address any more."""
    async with ttl.transaction() as connection:
        for key in limits:
            await delete(connection, key)


def wait_s(failures: int, longest_s: int) -> int:
    """Seconds until the next try: none for the first `FREE_TRIES`, then 2, 4, 8 ... up to `longest_s`."""
    beyond = failures - FREE_TRIES
    return 0 if beyond < 0 else min(2 ** min(beyond + 1, 16), longest_s)


SQL_FIND = "SELECT key, failures, wait_until_us FROM throttles WHERE key = :key AND expires_at_us > :now_us"


async def find(connection: Connection, key: str, now_us: int) -> Throttle:
    """A key without failures is one with none."""
    found = await fetch_one(connection, Throttle, SQL_FIND, {"key": key, "now_us": now_us})
    return found or Throttle(key=key, failures=0, wait_until_us=0)


SQL_PUT = """
INSERT INTO throttles (key, failures, wait_until_us, expires_at_us)
VALUES (:key, :failures, :wait_until_us, :expires_at_us)
ON CONFLICT (key) DO UPDATE SET
    failures = excluded.failures, wait_until_us = excluded.wait_until_us, expires_at_us = excluded.expires_at_us
"""


async def put(connection: Connection, throttle: Throttle, expires_at_us: int) -> None:
    await execute(connection, SQL_PUT, {**msgspec.structs.asdict(throttle), "expires_at_us": expires_at_us})


SQL_DELETE = "DELETE FROM throttles WHERE key = :key"


async def delete(connection: Connection, key: str) -> None:
    await execute(connection, SQL_DELETE, {"key": key})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
