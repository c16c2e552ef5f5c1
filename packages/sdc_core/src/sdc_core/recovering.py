"""A recovery has the data folder for itself: none begins while somebody serves out of it, and nobody begins to serve on
half of one, whether `sdc up` runs the parts or units and containers do.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from sdc_core.errors import Conflict, Misconfigured
from sdc_core.settings import Settings

NAME = "recovering"
"""In the data folder, while a recovery is not done: the time of its beginning, by which what it sets aside is named."""
LOCK = "served.lock"
"""In the data folder: shared by all who serve."""


@contextmanager
def serving(settings: Settings) -> Generator[None]:
    """For as long as the block runs, no recovery begins. Raises Conflict while one is under way, or was interrupted.

    A process that is forked in the block counts as well, for as long as it lives.
    """
    with _locked(settings, fcntl.LOCK_SH, "a recovery is under way (`sdc recover`): it ends by itself"):
        require_none(settings)
        yield


@contextmanager
def alone(settings: Settings) -> Generator[None]:
    """For as long as the block runs, nobody serves. Raises Conflict while somebody does."""
    with _locked(
        settings, fcntl.LOCK_EX, "web or the worker runs on this data folder: stop it first, and its restarts"
    ):
        yield


def since_us(settings: Settings) -> int | None:
    """When the one that was interrupted began, None where there is none."""
    file = settings.DATA_DIR / NAME
    return int(file.read_text(encoding="ascii")) if file.exists() else None


def begin(settings: Settings, now_us: int) -> None:
    """Mark it. A repeat changes nothing but the time."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Whole or not at all: whoever is killed in between leaves no mark that cannot be read.
    fresh = settings.DATA_DIR / f"{NAME}.new"
    fresh.write_text(str(now_us), encoding="ascii")
    fresh.replace(settings.DATA_DIR / NAME)


def end(settings: Settings) -> None:
    """It is done."""
    (settings.DATA_DIR / NAME).unlink()


def require_none(settings: Settings) -> None:
    """Raises Conflict where one was interrupted."""
    if since_us(settings) is not None:
        message = (
            "a recovery was interrupted: give the same `sdc recover` again, and it goes on; "
            f"or remove {settings.DATA_DIR / NAME} to start with what there is"
        )
        raise Conflict(message)


@contextmanager
def _locked(settings: Settings, way: int, otherwise: str) -> Generator[None]:
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(settings.DATA_DIR / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"the data folder {settings.DATA_DIR} (SDC_DATA_DIR) cannot be used: {error.strerror}"
        raise Misconfigured(message) from None
    try:
        try:
            fcntl.flock(descriptor, way | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(otherwise) from None
        yield
    finally:
        os.close(descriptor)
