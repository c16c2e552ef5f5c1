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
MAX_JUDGED = 72
"""Characters whose guessing is worked out: 30 ms for these, a second for 200."""
MIN_GUESSES_LOG10 = 10.0
FALLBACK = "four words that have nothing to do with each other are better"
DEADLINE_S = 10.0

# Above the OWASP floor (t=2, 19 MiB, p=1), and twice 32 MiB fits the smallest machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
# Two threads are the limit on memory: whoever comes third waits, and gives up at the deadline.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
T = TypeVar("T")


async def require_strong(password: str, *known: str) -> None:
    """Length, and how many tries a guesser would need, who tries common passwords, words, names, keyboard rows and
    repetitions first, and what is `known` of the author; no rules of composition. Raises Invalid.
    """
    if len(password) < MIN_CHARACTERS:
        raise Invalid(f"a password needs at least {MIN_CHARACTERS} characters; four random words do", field="password")
    if len(password) > MAX_CHARACTERS:
        raise Invalid(f"a password may have at most {MAX_CHARACTERS} characters", field="password")
    guesses_log10, why = await _run(lambda: _guesses(password, known))
    if guesses_log10 < MIN_GUESSES_LOG10:
        raise Invalid(f"this password is easy to guess: {why or FALLBACK}", field="password")


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


def _guesses(password: str, known: tuple[str, ...]) -> tuple[float, str]:
    """The decimal logarithm of the tries that a clever guesser needs, and what makes it easy, in words."""
    # Its lists are 14 MB in memory, so a process has them once somebody chooses a password.
    from zxcvbn import zxcvbn  # noqa: PLC0415 - see the line above

    found = zxcvbn(password[:MAX_JUDGED], user_inputs=[each[:MAX_JUDGED] for each in known if each])
    words = found["feedback"]["warning"].rstrip(".")
    return float(found["guesses_log10"]), words[:1].lower() + words[1:]


async def _run(work: Callable[[], T]) -> T:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.get_running_loop().run_in_executor(_threads, work)
    except TimeoutError:
        raise Unavailable("too many sign-ins at once") from None


def _normal(password: str) -> str:
    """One spelling for the same characters, whichever keyboard typed them."""
    return unicodedata.normalize("NFKC", password)
