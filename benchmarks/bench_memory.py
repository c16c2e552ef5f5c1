"""Memory of web: the process that serves and the one above it, idle and with the pages of 10,000 posts kept."""

import http.client
import random
import re
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sdc_core.sqlite import pysqlite3

import bench_pages
import sites

POSTS = 10_000
WORDS = 560
"""Of nine thousand different ones: 3 kB of Brotli a page."""
CLIENTS = 4
IDLE_S = 5
COPIED = """
    INSERT INTO {table} ({columns})
    SELECT {values} FROM {table}, (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    SELECT i FROM n) WHERE slug = 'a-post' AND {table}.{published} IS NOT NULL
"""


def main() -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder:
        environment = bench_pages.prepare(Path(folder))
        fill(Path(folder) / "data" / "site.db")
        port = sites.free_ports(1)
        command = bench_pages.web_command("whole", port)
        with bench_pages.served(command, environment, port) as above:
            threading.Event().wait(IDLE_S)
            idle = measured(above)
            started_s = time.perf_counter()
            sizes = read_all(port)
            took_s = time.perf_counter() - started_s
            full = measured(above)
            kept = re.search(rb"page_cache_bytes (\d+)", fetch(port, "/metrics"))
    assert kept is not None
    mean_bytes = sum(sizes) / len(sizes)
    print(f"{len(sizes):,} pages of {mean_bytes:,.0f} bytes of Brotli, each asked for once in {took_s:.0f} s;", end=" ")
    print(f"web counts {int(kept[1]) / 1024**2:.1f} MiB of them\n")
    print("MiB                               idle: PSS   its own   with pages: PSS   its own")
    for name in idle:
        first, then = idle[name], full[name]
        print(f"  {name:<28} {first[0]:12.1f} {first[1]:9.1f} {then[0]:17.1f} {then[1]:9.1f}")


def fill(database: Path) -> None:
    """Copies of the post that is there, each with words of its own."""
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices("aeioulnrstdmc", k=chance.randint(2, 9))) for _ in range(9_000)]

    def text() -> str:
        return f"<p>{' '.join(chance.choices(vocabulary, k=WORDS))}.</p>"

    with pysqlite3.connect(database) as connection:
        connection.create_function("text", 0, text)
        changed = {"id": "substr(id, 1, 20) || printf('%06d', i)", "slug": "'post-' || i", "body_html": "text()"}
        for table, published in (("revisions", "published_at_us"), ("posts", "revision_id")):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            linked = {name: changed["id"].replace("id", name) for name in ("revision_id", "post_id")}
            values = [(changed | linked).get(column, column) for column in columns]
            connection.execute(
                COPIED.format(table=table, columns=",".join(columns), values=",".join(values), published=published),
                {"last": POSTS},
            )


def read_all(port: int) -> list[int]:
    """Ask for each page once; the bytes of each answer."""

    def read(numbers: range) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        sizes = []
        for number in numbers:
            connection.request("GET", f"/posts/post-{number}", headers={"Accept-Encoding": "br"})
            answer = connection.getresponse()
            sizes.append(len(answer.read()))
            assert answer.status == 200, answer.status
        connection.close()
        return sizes

    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(read, [range(1 + first, POSTS + 1, CLIENTS) for first in range(CLIENTS)])
        return [size for part in parts for size in part]


def fetch(port: int, path: str) -> bytes:
    """The body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    with connection.getresponse() as answer:
        return answer.read()


def measured(above: int) -> dict[str, tuple[float, float]]:
    """MiB of the process that serves, of the one above it and of both: PSS, and what it shares with nobody."""
    found: dict[str, tuple[float, float]] = {}
    for pid in sites.tree(above).values():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
        kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        found["above it" if pid == above else "the process that serves"] = (
            kib["Pss"] / 1024,
            (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024,
        )
    found["together"] = (sum(pss for pss, _ in found.values()), sum(own for _, own in found.values()))
    return found


if __name__ == "__main__":
    main()
