"""Every page and click of the CMS on a site of 10,000 posts and 5,000 pictures: milliseconds, half and 95 % of them.

`sdc up` with all its parts runs on this machine; one browser's connection asks, one click after the other, in rounds.
SDC_BENCH_SITE names a folder in which the site is made once and kept.
"""

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.settings import Settings
from sdc_core.sqlite import Database, execute
from sdc_core.variants import WIDTHS, Manifest, StoredVariant
from sdc_web import posts
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import open_databases
from sdc_web.posts import Draft, whole
from sdc_worker import db as worker_db
from sdc_worker.ingest import store as ingest

import sites

POSTS, DRAFTS, PICTURES, TAGS, SERIES, LINES = 10_000, 300, 5_000, 2_000, 500, 60_000
ROUNDS = 100
SEALED_S = 60
AIM_MS = 50
WORDS = re.findall(
    r"\w+",
    "fog rain snow wind light river harbour lamp bridge window morning evening north south slow quiet water stone "
    "paper ink garden moss tide cloud street winter summer letter glass field barometer orange signal",
)
SQL_ASSET = """
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, manifest, uploaded_at_us)
VALUES (:id, :id, :name, 'image/jpeg', 3000000, 'A bridge in the fog', 'ready', :manifest, :at_us)
"""
SQL_NEWEST = """
SELECT CASE kind WHEN 'post' THEN '/posts/' WHEN 'project' THEN '/projects/' ELSE '/' END || slug FROM posts
WHERE revision_id IS NOT NULL ORDER BY published_at_us DESC
"""
Click = Callable[[httpx.Client], httpx.Response]


def main() -> None:
    """Print the table."""
    with folder() as place:
        environment = sites.settings(str(place / "data"))
        if not (place / "made").exists():
            make(place, environment)
        with sites.up(environment) as process:
            cookie = sign_in(environment)
            url = f"http://localhost:{environment['SDC_WEB_PORT']}"
            with httpx.Client(
                base_url=url, cookies=cookie, headers={"Sec-Fetch-Site": "same-origin"}, timeout=120
            ) as client:
                seal(client)
                print(f"at rest {sites.settled(process.pid):.0f} s after its start")
                report(measure(client))
                rename(client)


@contextmanager
def folder() -> Generator[Path]:
    """Where the site is: a folder that stays, or one for this run."""
    if kept := os.environ.get("SDC_BENCH_SITE"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as made:
        yield Path(made)


def make(place: Path, environment: dict[str, str]) -> None:
    """The site, by the same operations as an author's, and a fortnight of visitors."""
    (place / "data").mkdir(exist_ok=True)
    run(environment, "author", "add", "ada")
    started = time.perf_counter()
    asyncio.run(fill(Settings(DATA_DIR=place / "data", _env_file=None)))
    print(f"{POSTS:,} posts, {DRAFTS} drafts and {PICTURES:,} pictures made in {time.perf_counter() - started:.0f} s")
    (place / "made").touch()


async def fill(settings: Settings) -> None:
    """Texts of 300 to 1,500 words; all of them carry one tag, and three others each."""
    dice = random.Random(4)
    async with open_databases(settings) as databases:
        by = msgspec.structs.replace(SYSTEM, id=await author(databases.site), name="ada")
        await pictures(databases.site)
        for number in range(POSTS + DRAFTS):
            kind = "project" if number % 20 == 0 else "page" if number % 199 == 0 else "post"
            made = await whole.begin(databases.site, by, kind, text(dice, number, kind))
            if number < POSTS:
                await posts.publish(databases.site, by, made.id, clock.now_us() - (POSTS - number) * 3_600_000_000)
        read = await newest(databases.site)
    async with worker_db.open_worker(settings.worker_db) as worker:
        await visit(worker, read)


def text(dice: random.Random, number: int, kind: str) -> Draft:
    """One of them."""
    paragraphs = [
        f"## {dice.choice(WORDS).title()} {part}\n\n" + " ".join(dice.choices(WORDS, k=90)) + ".\n"
        for part in range(dice.randint(3, 16))
    ]
    return Draft(
        title=" ".join(dice.choices(WORDS, k=4)).capitalize() + f" {number}",
        summary=" ".join(dice.choices(WORDS, k=12)),
        body="\n".join(paragraphs),
        tags=("everything", *(f"tag {dice.randrange(TAGS)}" for _ in range(3))),
        series=f"Series {dice.randrange(SERIES)}" if kind == "post" and number % 5 == 0 else "",
    )


async def author(site: Database) -> str:
    """The id of the one that there is."""
    async with site.read() as connection:
        rows = await connection.execute_fetchall("SELECT id FROM authors")
    return next(iter(rows))[0]


async def pictures(site: Database) -> None:
    """Rows of the library; no file is behind them."""
    variants = tuple(
        StoredVariant(name=f"{width}.{end}", width=width, height=width // 2, format=kind, size_bytes=width * 90)
        for width in WIDTHS
        for kind, end in (("avif", "avif"), ("webp", "webp"), ("jpeg", "jpg"))
    )
    manifest = Manifest(recipe="r1", width=4000, height=2000, placeholder="data:,", color="#446655", variants=variants)
    encoded = msgspec.json.encode(manifest).decode()
    async with site.transaction() as connection:
        for number in range(PICTURES):
            values = {"id": clock.new_id(), "name": f"bridge-{number}.jpg", "manifest": encoded, "at_us": number + 1}
            await execute(connection, SQL_ASSET, values)


async def newest(site: Database) -> list[str]:
    """The addresses of what is published, the newest first."""
    async with site.read() as connection:
        return [row[0] for row in await connection.execute_fetchall(SQL_NEWEST)]


async def visit(worker: Database, paths: list[str]) -> None:
    """A fortnight of visitors in the worker's log, the newest posts read most; the nights' sealing is yet to come."""
    dice = random.Random(5)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    days: dict[str, list[bytes]] = defaultdict(list)
    for number in range(LINES):
        at_us = clock.now_us() - int(13 * clock.DAY_US * (1 - number / LINES))
        path = paths[int(dice.expovariate(1 / 300)) % len(paths)]
        line = Line(
            ts=at_us, visitor=f"{dice.randrange(900)}", path=path, status=200, bytes=9_000, us=900, type="text/html",
            ua=agent,
        )  # fmt: skip
        days[clock.day_of(at_us)].append(access_log.encode(line))
    async with worker.transaction() as connection:
        for day, lines in days.items():
            body = b"".join(lines)
            packed = zlib.compress(body, 1)
            await ingest.add_batch(connection, slot="i9", day=day, at=0, size_bytes=len(body), body=packed, whole=True)


def sign_in(environment: dict[str, str]) -> dict[str, str]:
    """The cookie of a signed-in author."""
    printed = run(environment, "author", "login-link", "ada")
    link = re.search(r"http\S+/author/login/\S+", printed)
    assert link is not None, printed
    answer = httpx.post(link[0], headers={"Sec-Fetch-Site": "same-origin"})
    return dict(answer.cookies.items())


def seal(client: httpx.Client) -> None:
    """What the nights would have done: every day but today is sealed."""
    client.post("/author/jobs/analytics.seal/runs")
    give_up_s = time.perf_counter() + SEALED_S
    while " rows, " not in (page := client.get("/author/jobs/analytics.seal").text):
        assert time.perf_counter() < give_up_s, page
        threading.Event().wait(0.2)


def run(environment: dict[str, str], *arguments: str) -> str:
    """What a command prints; it must work."""
    done = subprocess.run(
        [sites.SDC, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=900,
        input="",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def clicks(client: httpx.Client) -> dict[str, Click]:
    """What an author does, by name."""
    ids: list[str] = []
    place = "/author/posts?state=published&kind=post"
    while len(ids) < ROUNDS + 10:
        listed = client.get(place).text
        ids += re.findall(r'id="posts-row-([^"]+)"', listed)
        place = following(listed)
    second = following(client.get("/author/posts").text)
    chosen = "&".join(f"post={each}" for each in ids[:50])
    series, picture = (first_of(client, f"/author/{noun}") for noun in ("series", "media"))
    pages = {
        "home": "/author",
        "list": "/author/posts",
        "list, the next page": second,
        "list by title": "/author/posts?order=title",
        "list by date": "/author/posts?order=published",
        "list: kind and state": "/author/posts?kind=project&state=published",
        "list: a tag of 10,000": "/author/posts?tag=everything",
        "list: a tag of 15": "/author/posts?tag=tag+7",
        "list: a series": "/author/posts?series=Series+7",
        "search: a title": "/author/posts?q=harbour+lamp",
        "search: a word of all": "/author/posts?q=fog",
        "search: nothing": "/author/posts?q=nothing+like+it",
        "50 ticked, the question": f"/author/posts/selection?action=delete&{chosen}",
        "open a text": f"/author/posts/{ids[0]}",
        "look for what to mend": f"/author/posts/{ids[1]}/checks",
        "draft as a page": f"/author/posts/{ids[1]}/preview",
        "history": f"/author/posts/{ids[1]}/revisions",
        "find a text to link to": "/author/link-choices?q=harbour",
        "media": "/author/media",
        "media: a search": "/author/media?q=bridge-49",
        "media: without alt text": "/author/media?alt=missing",
        "media: a format": "/author/media?format=jpeg",
        "one picture": picture,
        "tags": "/author/tags",
        "tags, a later page": "/author/tags?after=tag+1499",
        "tags: part of a name": "/author/tags?q=99",
        "a tag of 10,000": "/author/tags/everything",
        "a tag of 15": "/author/tags/tag%207",
        "series": "/author/series",
        "series: part of a title": "/author/series?q=49",
        "one series": series,
        "audit": "/author/audit",
        "audit: a search": "/author/audit?q=fog",
        "site": "/author/site",
        "home page": "/author/site/home",
        "navigation": "/author/navigation",
        "redirects": "/author/redirects",
        "API tokens": "/author/site/tokens",
        "account": "/author/account",
        "sessions": "/author/sessions",
        "jobs": "/author/jobs",
        "backups": "/author/backups",
        "statistics": "/author/statistics",
    }
    found: dict[str, Click] = {name: lambda client, path=path: client.get(path) for name, path in pages.items()}
    return {**found, **changes(iter(ids))}


def first_of(client: httpx.Client, address: str) -> str:
    """The address of the first of a list."""
    found = re.search(rf'href="({address}/[0-9A-Z]{{26}})"', client.get(address).text)
    assert found is not None, address
    return found[1]


def following(listed: str) -> str:
    """The address of the next page of a list."""
    found = re.search(r'href="([^"]+)" rel="next"', listed)
    assert found is not None
    return found[1].replace("&amp;", "&")


def changes(ids: Iterator[str]) -> dict[str, Click]:
    """Those that write. Each takes a text of its own, and goes on with it."""
    mine = defaultdict(lambda: next(ids))

    def form(client: httpx.Client, name: str) -> tuple[str, dict[str, str]]:
        post_id = mine[name]
        page = client.get(f"/author/posts/{post_id}").text
        base = re.search(r'name="base_revision" value="(\d+)"', page)
        assert base is not None
        body = f"## Fog\n\n{time.perf_counter_ns()} " + "some words about fog and light " * 250
        return post_id, {"title": f"Fog {post_id}", "body_markdown": body, "base_revision": base[1], "intent": "anyway"}

    def save(client: httpx.Client) -> httpx.Response:
        post_id, sent = form(client, "save")
        htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
        return client.put(f"/author/posts/{post_id}/draft", data=sent, headers=htmx)

    def publish(client: httpx.Client) -> httpx.Response:
        post_id, sent = form(client, "publish")
        return client.post(f"/author/posts/{post_id}/publication", data=sent)

    def unpublish(client: httpx.Client) -> httpx.Response:
        return client.post(f"/author/posts/{next(ids)}/publication?_method=DELETE", data={"publish_at": ""})

    def begin(client: httpx.Client) -> httpx.Response:
        return client.post("/author/posts", data={"kind": "post"})

    return {"save 1,500 words": save, "publish 1,500 words": publish, "unpublish": unpublish, "begin": begin}


def measure(client: httpx.Client) -> dict[str, list[float]]:
    """Milliseconds from the request to the whole answer, of each click in each round."""
    every = clicks(client)
    taken: dict[str, list[float]] = {name: [] for name in every}
    for turn in range(ROUNDS + 1):
        for name, click in every.items():
            answer = click(client)
            assert answer.status_code in (200, 303), (name, answer.status_code, answer.text[:2000])
            if turn:
                taken[name].append(answer.elapsed.total_seconds() * 1_000)
    return taken


def report(taken: dict[str, list[float]]) -> None:
    """Names of clicks and their times, the slow ones marked."""
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"\n{'click':<28} {'half':>8} {'95 %':>8}   ms, {ROUNDS} rounds; aim: {AIM_MS} at 95 %")
    for name, times in taken.items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{name:<28} {statistics.median(times):8.1f} {p95:8.1f}{'   <- slow' if p95 > AIM_MS else ''}")


def rename(client: httpx.Client) -> None:
    """A tag that every text carries gets another name, and has it back once they all have followed."""
    for old, new in (("everything", "all of it"), ("all of it", "everything")):
        started = time.perf_counter()
        answer = client.put(f"/author/tags/{old}", data={"name": new, "colour": "", "description": ""})
        while answer.status_code == 422:
            # The texts still follow the change before.
            threading.Event().wait(0.2)
            answer = client.put(f"/author/tags/{old}", data={"name": new, "colour": "", "description": ""})
        assert answer.status_code == 303, answer.text
        told = f"answered in {answer.elapsed.total_seconds() * 1_000:.0f} ms"
        print(f"a tag of {POSTS:,} posts gets another name: {told}, {time.perf_counter() - started:.1f} s after asking")


if __name__ == "__main__":
    sys.exit(main())
