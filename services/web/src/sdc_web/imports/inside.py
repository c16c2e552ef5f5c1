"""Links on the disk: a folder that somebody gave away may hold some that lead to what its new owner never meant."""

from pathlib import Path

from sdc_core.errors import Invalid


def holds(folder: Path, path: Path) -> bool:
    """Whether the path lies in the folder once all links are followed."""
    return path.resolve().is_relative_to(folder.resolve())


def require(folder: Path, path: Path) -> None:
    """Raises Invalid, in words, for a path that leads out of the folder."""
    if not holds(folder, path):
        raise Invalid(f"{path.name} is a link that leads out of the folder")
