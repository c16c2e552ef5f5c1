"""`sdc import` of 5,000 posts in Markdown with 1,000 pictures into a new site that runs, and the same a second time.

Each round has a site of its own, whole: `sdc up` with its store, its worker and Litestream. The second import begins
once all pictures have their sizes, and changes nothing. CPU and memory of the command are told apart from those of the
site, which makes sizes meanwhile. SDC_BENCH_POSTS, SDC_BENCH_PICTURES and SDC_BENCH_ROUNDS ask for less.
"""

import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import photograph

import sites

POSTS = int(os.environ.get("SDC_BENCH_POSTS", "5000"))
PICTURES = int(os.environ.get("SDC_BENCH_PICTURES", "1000"))
ROUNDS = int(os.environ.get("SDC_BENCH_ROUNDS", "3"))
AIM_S, AIM_BYTES = 120, 500_000_000
DIFFERENT = 10
"""Photographs; each picture is one of them with bytes of its own behind it, so that none is known already."""
IDLE_S, LOOK_S, MADE_S = 5, 0.5, 3600
STEPS = 10
WORDS = ("fog", "rain", "lamp", "river", "harbour", "bridge", "slow", "quiet", "window", "stone", "paper", "moss")
TABLES = ("posts", "revisions", "redirects", "media_assets", "audit_entries")


class Took(NamedTuple):
    """Seconds, seconds of CPU of the command, and the most bytes that it and the site held (PSS, looked at twice a
    second).
    """

    wall_s: float
    cpu_s: float
    held_bytes: int
    site_bytes: int


def main() -> None:
    """Print one table, of medians."""
    first, again, made_s = [], [], []
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder:
        tree = Path(folder, "old")
        size_bytes = seed(tree)
        say(f"{POSTS:,} posts, {PICTURES:,} pictures, {size_bytes / 1e6:,.0f} MB")
        for number in range(1, ROUNDS + 1):
            say(f"round {number} of {ROUNDS}")
            one, made, two = trial(Path(folder, f"data-{number}"), tree)
            first.append(one)
            made_s.append(made)
            again.append(two)
    print(f"{'':<16}{'s':>8}{'CPU s':>9}{'held, MB':>11}{'site, MB':>11}   (medians of {ROUNDS})")
    for title, rounds in (("first import", first), ("nothing to do", again)):
        wall_s, cpu_s, held, site = (statistics.median(each) for each in zip(*rounds, strict=True))
        print(f"{title:<16}{wall_s:>8.1f}{cpu_s:>9.1f}{held / 1e6:>11.0f}{site / 1e6:>11.0f}")
    print(f"aims: {AIM_S} s, {AIM_BYTES / 1e6:.0f} MB; all sizes were made {statistics.median(made_s):.0f} s later")


def trial(data: Path, tree: Path) -> tuple[Took, float, Took]:
    """The first import, seconds until all sizes are made, and the second."""
    data.mkdir()
    environment = sites.settings(str(data))
    subprocess.run([sites.SDC, "author", "add", "ada"], env=environment, check=True, capture_output=True, timeout=60)
    with sites.up(environment) as up:
        threading.Event().wait(IDLE_S)
        first = timed(environment, tree, up.pid, f"{POSTS} published")
        made_s = until_made(data)
        before = rows(data)
        again = timed(environment, tree, up.pid, f"{POSTS} unchanged")
        assert rows(data) == before, (before, rows(data))
    assert before["media_assets"] == PICTURES, before
    return first, made_s, again


def timed(environment: dict[str, str], tree: Path, site: int, wanted: str) -> Took:
    """The command, to its last line, which is that."""
    started_s, line, count = time.perf_counter(), "", 0
    command = [sites.SDC, "import", str(tree)]
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process,
        watched(process.pid, site) as held,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith(("published", "unchanged")):
                continue
            count += 1
            if count % max(POSTS // STEPS, 1) == 0:
                say(f"  {count:,} of {POSTS:,} after {time.perf_counter() - started_s:.0f} s")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took_s = time.perf_counter() - started_s
    assert (process.returncode, line.strip()) == (0, wanted), (process.returncode, line)
    return Took(took_s, usage.ru_utime + usage.ru_stime, max(held[0], usage.ru_maxrss * 1024), held[1])


@contextmanager
def watched(*roots: int) -> Generator[list[int]]:
    """The most that each of these held together with all below it, in bytes, while the block goes on."""
    held, over = [0 for _ in roots], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            held[:] = [max(most, together(root)) for most, root in zip(held, roots, strict=True)]

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield held
    finally:
        over.set()
        looking.join()


def together(root: int) -> int:
    """Bytes of a process and all below it."""
    return sum(map(sites.pss_bytes, sites.tree(root).values()))


def until_made(data: Path) -> float:
    """Wait until every picture has its sizes; the seconds that it took."""
    started_s = time.perf_counter()
    with closing(sqlite3.connect(f"file:{data / 'site.db'}?mode=ro", uri=True)) as opened:
        while left := opened.execute("SELECT count(*) FROM media_assets WHERE state <> 'ready'").fetchone()[0]:
            assert time.perf_counter() - started_s < MADE_S, f"{left} pictures have no sizes"
            threading.Event().wait(1)
    return time.perf_counter() - started_s


def rows(data: Path) -> dict[str, int]:
    """How many there are of what an import makes."""
    with closing(sqlite3.connect(f"file:{data / 'site.db'}?mode=ro", uri=True)) as opened:
        return {each: opened.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in TABLES}  # noqa: S608


def seed(tree: Path) -> int:
    """The same tree each time; its bytes."""
    dice = random.Random(7)
    (tree / "posts").mkdir(parents=True)
    (tree / "pictures").mkdir()
    taken = [
        photograph.take(tree / "pictures" / "one.jpg", 640 + each, 426).read_bytes()
        for each in range(min(DIFFERENT, PICTURES))
    ]
    (tree / "pictures" / "one.jpg").unlink(missing_ok=True)
    for number in range(PICTURES):
        picture = taken[number % len(taken)] + number.to_bytes(4, "big")
        (tree / "pictures" / f"{number}.jpg").write_bytes(picture)
    shown: dict[int, list[int]] = {}
    for number in range(PICTURES):
        shown.setdefault(number * POSTS // PICTURES % POSTS, []).append(number)
    for number in range(POSTS):
        text = "".join(post(dice, number, shown.get(number, ())))
        (tree / "posts" / f"post-{number:05}.md").write_text(text, encoding="utf-8")
    return sum(each.stat().st_size for each in tree.rglob("*.*"))


def post(dice: random.Random, number: int, pictures: Iterable[int]) -> Generator[str]:
    """Of 300 to 1,500 words, with an old address, tags, a link to another, a list, code, and these pictures."""
    yield f"---\ntitle: Post {number}\ndate: {2000 + number % 25}-03-{1 + number % 28:02}\n"
    yield f"aliases: [/old/{number}]\ntags: [{', '.join(dice.sample(WORDS, 3))}]\n---\n"
    for part in range(dice.randint(3, 15)):
        yield f"## Part {part}\n\n{' '.join(dice.choices(WORDS, k=100))}.\n\n"
    yield f"See [another](post-{number // 2:05}.md).\n\n- One\n- Two\n\n```python\nprint({number})\n```\n"
    for each in pictures:
        yield f"\n![Picture {each}](../pictures/{each}.jpg)\n"


def say(what: str) -> None:
    """How far it is, beside the table."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
