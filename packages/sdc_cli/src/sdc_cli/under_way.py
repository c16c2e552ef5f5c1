"""The mark of a recovery that has begun and is not done: until then a site must not start on half of it."""

from sdc_core.errors import Conflict
from sdc_core.settings import Settings

NAME = "recovering"
"""In the data folder, with the time of its beginning, by which what it sets aside is named."""


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
