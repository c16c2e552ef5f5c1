"""Passwords: argon2id, two at a time, in threads of their own."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sdc_core.errors import Invalid, Unavailable

MIN_CHARACTERS = 15
MAX_CHARACTERS = 1024
DEADLINE_S = 10.0

# Above the OWASP floor (t=2, 19 MiB, p=1), and twice 32 MiB fits the smallest machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
# Two threads are the limit on memory: whoever comes third waits, and gives up at the deadline.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
T = TypeVar("T")


def require_strong(password: str) -> None:
    """Length is the rule: no composition, everything else is the author's choice. Raises Invalid."""
    if len(password) < MIN_CHARACTERS:
        raise Invalid(f"a password needs at least {MIN_CHARACTERS} characters; four random words do", field="password")
    if len(password) > MAX_CHARACTERS:
        raise Invalid(f"a password may have at most {MAX_CHARACTERS} characters", field="password")
    if len(set(password)) < MIN_CHARACTERS // 3:
        raise Invalid("this password repeats too few characters", field="password")


async def hashed(password: str) -> str:
    """An argon2id hash with its parameters and salt. Unavailable when two others keep the threads busy for long."""
    return await _run(lambda: _hasher.hash(_normal(password)))


async def verify(password_hash: str | None, password: str) -> str | None:
    """The hash to keep when the password is right (a new one where parameters have grown), else None.

    With no hash to compare, the same work is done for nothing: the time taken must not tell whether a name exists.
    """
    return await _run(lambda: _verify(password_hash, _normal(password[:MAX_CHARACTERS])))


def _verify(password_hash: str | None, password: str) -> str | None:
    if password_hash is None:
        _hasher.hash(password)
        return None
    try:
        _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return None
    return _hasher.hash(password) if _hasher.check_needs_rehash(password_hash) else password_hash


async def _run(work: Callable[[], T]) -> T:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.get_running_loop().run_in_executor(_threads, work)
    except TimeoutError:
        raise Unavailable("too many sign-ins at once") from None


def _normal(password: str) -> str:
    """One spelling for the same characters, whichever keyboard typed them."""
    return unicodedata.normalize("NFKC", password)
