"""The static copy of a site: whole without the site, by any file server, and only what changed is written again."""

import functools
import http.server
import threading
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from sdc_core.errors import Invalid, Unavailable
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.exports import static_links, static_site
from sdc_web.exports.static_site import Answer, Ask, Report
from sdc_web.webmentions import entries, received, switches
from sdc_web.webmentions.moderation import decide

from signing_in import OWNER

SITE = "http://localhost:8000"
Publish = Callable[..., Awaitable[posts.Post]]
Copied = Callable[[], Awaitable[Report]]


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    """Asks the application."""

    async def asked(address: str) -> Answer:
        answer = await client.get(address, headers={"accept": "text/html, */*"})
        return Answer(status=answer.status_code, body=answer.content)

    return asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the copy goes."""
    return tmp_path / "copy"


@pytest.fixture
def copied(databases: Databases, ask: Ask, folder: Path) -> Copied:
    """Makes the copy."""
    return lambda: static_site.write(databases, OWNER, ask, SITE, folder)


@pytest.fixture
async def texts(publish: Publish, databases: Databases) -> None:
    """A site with one text of each kind, a tag that is hard to write, a series, code, and links of both kinds."""
    await publish(
        "Fog",
        "Fog. [a lamp](/projects/lamp) and [gone](/posts/gone)\n\n```python\nx = 1\n```",
        tags=("c#",),
        series="On",
    )
    await publish("Lamp", "Light.", kind="project")
    await publish("About", "Me.", kind="page")
    await redirects.add_own(databases.site, OWNER, "/old/fog.html", "/posts/fog", "")


@pytest.fixture
def served(folder: Path) -> Generator[str]:
    """A plain file server over the copy."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    folder.mkdir(exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("texts")
async def test_a_plain_file_server_serves_the_whole_copy(copied: Copied, served: str) -> None:
    report = await copied()
    assert [(each.address, each.why, each.pages[0]) for each in report.broken] == [
        ("/posts/gone", "it answers 404", "/posts/fog")
    ]
    walked: dict[str, int] = {}
    waiting = ["/", "/sitemap.xml"]
    async with httpx.AsyncClient(base_url=served, follow_redirects=True) as client:
        while waiting:
            address = waiting.pop()
            if address in walked:
                continue
            answer = await client.get(address)
            walked[address] = answer.status_code
            if answer.status_code == 200:
                waiting += static_links.of(urlsplit(address).path, answer.content, SITE)
        moved = (await client.get("/old/fog.html")).text
        found = (await client.get("/search-index.json")).json()
    assert {address for address, status in walked.items() if status != 200} == {"/posts/gone"}
    assert {"/posts/fog", "/projects/lamp", "/about", "/tags/c%23", "/series/on", "/feed.xml", "/sitemap.xml"} <= set(
        walked
    )
    assert 'content="0; url=/posts/fog"' in moved
    assert {each["url"]: each["words"] for each in found}["/projects/lamp"] == "Light."


@pytest.mark.usefixtures("texts")
async def test_a_second_copy_writes_what_changed_and_removes_what_is_gone(
    copied: Copied, folder: Path, publish: Publish, databases: Databases
) -> None:
    first = await copied()
    assert first.written == first.files
    (folder / "mine.txt").write_text("Not of the copy.")
    second = await copied()
    assert (second.files, second.written, second.removed) == (first.files, 0, 0)
    mist = await publish("Mist", "M.")
    third = await copied()
    assert 0 < third.written < first.files
    assert (folder / "posts" / "mist" / "index.html").is_file()
    await posts.unpublish(databases.site, OWNER, mist.id)
    assert (await copied()).removed > 0
    assert not (folder / "posts" / "mist").exists()
    assert (folder / "mine.txt").is_file()


@pytest.mark.usefixtures("texts")
async def test_what_the_site_cannot_answer_now_stays_in_the_copy(
    copied: Copied, ask: Ask, folder: Path, databases: Databases
) -> None:
    await copied()

    async def ailing(address: str) -> Answer:
        return Answer(status=503) if address == "/posts/fog" else await ask(address)

    report = await static_site.write(databases, OWNER, ailing, SITE, folder)
    assert [(each.address, each.why) for each in report.broken if each.unanswered] == [("/posts/fog", "it answers 503")]
    assert "Fog." in (folder / "posts" / "fog" / "index.html").read_text()


def written(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
async def led_to(copied: Copied, folder: Path, publish: Publish) -> Path:
    """A file of a copy to which the post «Fog» alone leads."""
    await publish("Fog", "Fog.")
    await copied()
    page, only = folder / "posts" / "fog" / "index.html", folder / "only" / "index.html"
    page.write_text(page.read_text() + '<a href="/only">Only</a>')
    only.parent.mkdir()
    only.write_text("Only.")
    known = msgspec.json.decode((folder / static_site.KEPT).read_bytes())
    (folder / static_site.KEPT).write_bytes(msgspec.json.encode({**known, "only/index.html": "x /only"}))
    return only


async def test_what_a_page_leads_to_stays_while_the_site_cannot_answer_it(
    led_to: Path, ask: Ask, folder: Path, databases: Databases
) -> None:
    async def ailing(address: str) -> Answer:
        return Answer(status=503) if address in ("/posts/fog", "/only") else await ask(address)

    report = await static_site.write(databases, OWNER, ailing, SITE, folder)
    assert report.removed == 0
    assert written(folder)[led_to] == b"Only."
    assert {each.address for each in report.broken if each.unanswered} == {"/posts/fog", "/only"}


@pytest.mark.parametrize("lost", ["/", "/sitemap.xml", "/there-is-nothing-at-this-address"])
@pytest.mark.usefixtures("texts")
async def test_without_what_all_else_is_found_by_nothing_is_removed(
    copied: Copied, ask: Ask, folder: Path, databases: Databases, lost: str
) -> None:
    await copied()
    before = written(folder)

    async def ailing(address: str) -> Answer:
        return Answer(status=503) if address == lost else await ask(address)

    with pytest.raises(Unavailable, match="it answers 503"):
        await static_site.write(databases, OWNER, ailing, SITE, folder)
    assert written(folder) == before


@pytest.mark.usefixtures("texts")
async def test_a_site_that_is_busy_for_a_moment_is_asked_again(ask: Ask, folder: Path, databases: Databases) -> None:
    asked: list[str] = []

    async def busy(address: str) -> Answer:
        asked.append(address)
        return Answer(status=503) if asked.count(address) < 3 else await ask(address)

    report = await static_site.write(databases, OWNER, busy, SITE, folder)
    assert [each.address for each in report.broken] == ["/posts/gone"]
    assert (folder / "posts" / "fog" / "index.html").is_file()


@pytest.mark.usefixtures("texts")
async def test_a_first_copy_that_was_cut_off_goes_on(
    copied: Copied, ask: Ask, folder: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_site, "_NOTED", 1)

    async def ending(address: str) -> Answer:
        if address == "/sitemap.xml":
            raise OSError(28, "No space left on device")
        return await ask(address)

    with pytest.raises(OSError, match="No space left"):
        await static_site.write(databases, OWNER, ending, SITE, folder)
    assert (folder / "index.html").is_file()
    report = await copied()
    assert report.written < report.files
    assert (folder / "posts" / "fog" / "index.html").is_file()


def test_a_picture_within_a_page_is_no_address() -> None:
    drawn = "data:image/svg+xml,%3Csvg%3E%3Cpath%20d=%22M1,2%22/%3E"
    page = f'<source srcset="{drawn}"><img srcset="/media/A/1.avif?r=x 1x, /media/A/2.avif?r=x 640w" src="{drawn}">'
    assert [*static_links.of("/posts/fog", page.encode(), SITE)] == ["/media/A/1.avif?r=x", "/media/A/2.avif?r=x"]


def test_an_uploaded_file_that_a_server_would_run_is_told_of_and_left_out() -> None:
    assert [static_site._would_run(f"/media/A/a.{each}") for each in ("HTML", "php", "svg", "pdf", "stl")] == [
        *(True, True, True, False, False)
    ]
    assert not static_site._would_run("/posts/a.html")


def test_an_uploaded_file_names_no_address() -> None:
    assert [*static_links.of("/media/A/data.json", f'{{"src": "/posts/fog", "at": "{SITE}/b"}}'.encode(), SITE)] == []


@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize("order", [1, -1])
async def test_an_old_address_below_another_that_looks_like_a_file_ends_no_copy(
    databases: Databases, copied: Copied, folder: Path, order: int
) -> None:
    for path in ("/docs/v1.2", "/docs/v1.2/notes")[::order]:
        await redirects.add_own(databases.site, OWNER, path, "/posts/fog", "")
    for _ in range(2):
        await copied()
        assert (folder / "_redirects").read_text().count("/docs/v1.2") == 2
        assert len([*(folder / "docs").rglob("*.html"), *filter(Path.is_file, (folder / "docs").iterdir())]) == 1


@pytest.mark.usefixtures("texts")
async def test_the_search_needs_no_server(copied: Copied, folder: Path) -> None:
    await copied()
    page = (folder / "search" / "index.html").read_text()
    assert ("hx-get" in page, "htmx" in page.replace("htmx-config", "")) == (False, False)
    assert '<script type="module" src="/search.js"></script>' in page
    assert (folder / "404.html").read_text().count("</html>") == 1
    assert (folder / "_redirects").read_text() == "/old/fog.html /posts/fog 301\n"
    assert len(msgspec.json.decode((folder / "search-index.json").read_bytes())) == 3


@pytest.fixture
def thesis(folder: Path) -> Callable[[], list[str]]:
    """The folder holds something else; what is in it."""
    folder.mkdir()
    (folder / "thesis.tex").write_text("x")
    return lambda: [each.name for each in folder.iterdir()]


async def test_a_folder_of_something_else_is_left_alone(copied: Copied, thesis: Callable[[], list[str]]) -> None:
    with pytest.raises(Invalid, match="is not empty, and no static copy"):
        await copied()
    assert thesis() == ["thesis.tex"]


async def test_a_site_that_does_not_answer_is_not_copied(databases: Databases, folder: Path) -> None:
    async def nothing(_: str) -> Answer:
        return Answer(status=0, reason="nothing answers at its address")

    with pytest.raises(Unavailable, match="nothing answers at its address"):
        await static_site.write(databases, OWNER, nothing, SITE, folder)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/posts/fog#a", "/posts/fog"),
        (f"{SITE}/posts/fog", "/posts/fog"),
        ("/posts?after=3", "/posts"),
        ("/media/A/320.avif?r=1", "/media/A/320.avif?r=1"),
        ("x.css", "/static/css/x.css"),
        ("../fonts/a.woff2", "/static/fonts/a.woff2"),
        ("//example.org/a", ""),
        ("mailto:a@example.org", ""),
        ("/author/posts", ""),
        ("http://[x", ""),
    ],
)
def test_which_address_a_link_names(link: str, address: str) -> None:
    assert static_links.within(link, "/static/css/site.css", SITE) == address


async def test_a_copy_holds_what_others_said_and_names_no_endpoint(
    databases: Databases, publish: Publish, client: httpx.AsyncClient, copied: Copied, folder: Path
) -> None:
    await switches.change(databases.site, OWNER, switches.Switches(into=True))
    post = await publish("Fog")
    said = entries.Entry(kind="reply", author_name="Grace", words="I saw it.")
    async with databases.site.transaction() as connection:
        await received.put(
            connection,
            "1",
            post_id=post.id,
            source="https://grace.example/1",
            target=f"{SITE}/posts/fog",
            host="grace.example",
            now_us=1,
            next_us=1,
        )
        (held,) = await received.claim(connection, now_us=2, held_us=3, limit=1)
        await received.found(connection, held, said, 2)
    await decide(databases.site, OWNER, ["1"], "accepted")
    assert "/webmention" in (await client.get("/posts/fog")).text
    report = await copied()
    assert report.broken == ()
    page = (folder / "posts/fog/index.html").read_text()
    assert "I saw it." in page
    assert "/webmention" not in page
