"""«Backed up»: from the click that publishes to the word that the object store has it, in a whole `sdc up`.

The CMS asks for the copy right after the answer to the publication. Both are timed as the browser sees them: HTTP,
session, SQLite, Litestream's socket, the PUT to the store.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from living_site import Site, living

ROUNDS = 40
AIM_MS = 100
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def main() -> None:
    """Print one table."""
    with living() as site:
        post = site.send("/author/posts", kind="post").headers["location"]
        copied(site)
        took = [round_(site, post, number) for number in range(ROUNDS)]
    print(f"{'ms':<34}{'median':>8}{'95 %':>8}{'most':>8}")
    say("publish", [each[0] for each in took])
    say(f"«backed up» afterwards (aim {AIM_MS})", [each[1] for each in took])


def round_(site: Site, post: str, number: int) -> tuple[float, float]:
    """Milliseconds to publish a change, and then until it is backed up."""
    started_s = time.perf_counter()
    site.revise(post, "Fog", f"Fog number {number}. " * 200)
    published_s = time.perf_counter()
    copied(site)
    return (published_s - started_s) * 1000, (time.perf_counter() - published_s) * 1000


def copied(site: Site) -> None:
    """Until the page may say so."""
    answer = site.author.post("/author/backups/copies", headers=HTMX)
    assert "Backed up: the object store has it" in answer.text, answer.text


def say(what: str, took: list[float]) -> None:
    """A line of the table."""
    in_order = sorted(took)
    late = in_order[int(0.95 * len(in_order))]
    print(f"{what:<34}{statistics.median(took):>8.0f}{late:>8.0f}{in_order[-1]:>8.0f}")


if __name__ == "__main__":
    main()
