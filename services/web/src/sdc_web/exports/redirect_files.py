"""Redirects as a file `_redirects`, which many hosts of static sites read."""

from collections.abc import Sequence

from sdc_web.redirects import addresses


def lines(redirects: Sequence[tuple[str, str]]) -> bytes:
    """A line for each path and its target. What is below a folder comes after what has a line of its own, the deepest
    first, since the first line that fits counts.
    """
    single = sorted(each for each in redirects if not each[0].endswith(addresses.BELOW))
    below = sorted((each for each in redirects if each[0].endswith(addresses.BELOW)), key=lambda each: -len(each[0]))
    return "".join(_line(path, target) for path, target in [*single, *below] if " " not in path).encode()


def is_pattern(path: str) -> bool:
    """Whether no file can stand for it: it is a rule, or a number in the query of the home page."""
    return path.endswith(addresses.BELOW) or path.startswith("/?")


def _line(path: str, target: str) -> str:
    if path.startswith("/?"):
        return f"/ {path[2:]} {target} 301\n"
    if path.endswith(addresses.BELOW) and target.endswith(addresses.BELOW):
        target = f"{target.removesuffix('*')}:splat"
    return f"{path} {target} 301\n"
