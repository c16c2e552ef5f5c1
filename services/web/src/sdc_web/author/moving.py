"""Where the focus goes when one thing of a list was moved: to the same button, as long as there is further to go."""

from typing import Literal


def onward(way: Literal["up", "down"], at: int, many: int) -> Literal["up", "down"]:
    """Which of its two buttons that is, for what came to the place `at` of so many: the first cannot go up, the last
    not down.
    """
    if way == "up":
        return "up" if at > 0 else "down"
    return "down" if at < many - 1 else "up"
