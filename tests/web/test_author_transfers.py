"""The pages Import and Export, without a script: what is sent is looked at, started, told of; what means harm is
refused.
"""

import asyncio
import io
import re
import stat
import zipfile
from collections.abc import AsyncGenerator, Callable

import httpx
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import transfers
from sdc_web.db import Databases
from sdc_web.transfers import folders, keeping, rounds

from signing_in import BROWSER, HTMX, OWNER, come_in, send

pytestmark = pytest.mark.timeout(300)
LIMIT_S = 120.0
IMPORTS, EXPORTS = "/author/imports", "/author/exports"
SQL_OLD_PROOF = "UPDATE sessions SET confirmed_at_us = 0"
FOG = "---\ntitle: Fog\naliases: [/old-fog]\n---\nText.\n"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>&b;</wp:wxr_version></channel></rss>'
)
LARGE = (
    '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version><item><title>'
    f"{'x' * (9 * 1024 * 1024)}</title></item></channel></rss>"
)


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def author(client: httpx.AsyncClient, databases: Databases) -> httpx.AsyncClient:
    """A browser of a signed-in owner."""
    await come_in(client, databases)
    return client


def pack(*entries: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return packed.getvalue()


def linked() -> bytes:
    entry = zipfile.ZipInfo("passwd.md")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return pack(("fog.md", FOG), (entry, "/etc/passwd"))


async def sent(author: httpx.AsyncClient, content: bytes, name: str = "fog.zip", **fields: str) -> httpx.Response:
    return await author.post(IMPORTS, files={"file": (name, content)}, data=fields, headers=BROWSER)


async def shown(author: httpx.AsyncClient, page: str, *words: str) -> str:
    """The page once it holds one of the words."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            answer = await author.get(page, headers=BROWSER)
            assert answer.status_code == 200, answer.text
            if any(each in answer.text for each in words):
                return answer.text
            await asyncio.sleep(0.1)


async def posts(databases: Databases) -> object:
    async with databases.site.read() as connection:
        return await fetch_value(connection, "SELECT count(*) FROM posts")


async def test_a_file_is_looked_at_started_and_told_of_without_a_script(
    author: httpx.AsyncClient, databases: Databases
) -> None:
    answer = await sent(author, pack(("fog.md", FOG), ("mist.md", "---\ntitle: Mist\ndraft: true\n---\nText.\n")))
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    looked = await shown(author, page, "Nothing has been changed.")
    assert "<dt>posts</dt><dd>2</dd>" in looked
    assert "<dt>redirect</dt><dd>1</dd>" in looked
    assert (await posts(databases), "hx-get" in looked) == (0, False)
    assert (await send(author, f"{page}/run", {"step": "take"})).headers["location"] == page
    done = await shown(author, page, ">imported<")
    assert '<a class="transfer-name" href="/posts/fog">/posts/fog</a>' in done
    assert await posts(databases) == 2
    assert (await author.get("/posts/fog")).status_code == 200
    assert (await author.get("/old-fog")).headers["location"] == "/posts/fog"
    drafts = (await author.get(f"{page}?outcome=draft", headers=BROWSER)).text
    assert ("mist.md" in drafts, "fog.md" in drafts) == (True, False)
    report = await author.get(f"{page}/report?step=take", headers=BROWSER)
    assert [line["file"] for line in report.json()] == ["fog.md", "mist.md"]
    assert report.headers["content-disposition"].startswith("attachment;")
    assert "fog.zip" in (await author.get(IMPORTS, headers=BROWSER)).text
    again = await send(author, f"{page}/run", {"step": "take"})
    assert (again.status_code, "not here any more" in again.text) == (409, True)
    assert (await send(author, f"{page}?_method=DELETE", {})).headers["location"] == f"{IMPORTS}?said=deleted"
    assert (await author.get(page, headers=BROWSER)).status_code == 404
    assert await posts(databases) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: pack(("fog.md", FOG), ("../../out.md", FOG)), "leads outside"),
        (lambda: pack(("fog.md", FOG), ("/etc/out.md", FOG)), "leads outside"),
        (lambda: pack(("fog.md", FOG), ("c:\\out.md", FOG)), "leads outside"),
        (linked, "a link or a device: passwd.md"),
        (lambda: pack(*((f"{number}.md", bytes(16 * 1024**2)) for number in range(8))), "which no site does"),
        (lambda: pack(("fog.md", FOG))[:-30], "cannot be read"),
        (LAUGHS.encode, "a document type"),
        (LARGE.encode, "a field of more than 8 MB"),
        (lambda: b'<?xml version="1.0" encoding="klingon"?><rss></rss>', "cannot be read"),
        (lambda: b'{"db": "\xff\xfe"}', "no export of Ghost"),
        (lambda: b"[" * 100_000, "no export of Ghost"),
    ],
    ids=["slip", "absolute", "drive", "link", "bomb", "cut", "laughs", "large", "encoding", "no utf-8", "deep"],
)
async def test_what_means_harm_is_refused_in_words_and_nothing_is_written(
    author: httpx.AsyncClient, databases: Databases, settings: Settings, content: Callable[[], bytes], words: str
) -> None:
    answer = await sent(author, content(), "a.zip")
    assert answer.status_code == 303, answer.text
    page = await shown(author, answer.headers["location"], "It could not be looked at.")
    assert words in page
    assert "Start the import" not in page
    refused = await send(author, f"{answer.headers['location']}/run", {"step": "take"})
    assert refused.status_code == 409
    assert await posts(databases) == 0
    assert list(settings.DATA_DIR.glob("sdc-import-*")) == []
    assert sorted(each.name for each in settings.DATA_DIR.rglob("*.md")) == []


async def test_hosts_of_pictures_are_listed_and_chosen_without_sending_the_file_again(
    author: httpx.AsyncClient, databases: Databases
) -> None:
    text = "---\ntitle: Fog\n---\n![a](https://127.0.0.1/a.jpg) ![b](https://cdn.example/b.jpg)\n"
    page = (await sent(author, pack(("fog.md", text)), fetch_from="cdn.example")).headers["location"]
    first = await shown(author, page, "Nothing has been changed.")
    assert re.search(r'name="host" value="127.0.0.1">', first)
    assert re.search(r'name="host" value="cdn.example" checked>', first)
    assert "1 picture not here" in first
    assert (await send(author, f"{page}/run", {"step": "look", "host": "127.0.0.1"})).status_code == 303
    again = await shown(author, page, "Nothing has been changed.")
    assert re.search(r'name="host" value="127.0.0.1" checked>', again)
    assert re.search(r'name="host" value="cdn.example">', again)
    assert "its address is none of the public internet" in again
    refused = await send(author, f"{page}/run", {"step": "look", "host": "a b@c"})
    assert (refused.status_code, "ame hosts as in cdn.example" in refused.text) == (422, True)
    assert (await send(author, f"{page}/run", {"step": "take"})).status_code == 303
    await shown(author, page, ">imported<")
    (found,) = await transfers.listing(databases, OWNER, "import")
    assert found.fetch_from == "127.0.0.1"


async def test_names_from_outside_run_nowhere(author: httpx.AsyncClient) -> None:
    attack = '"><script>alert(1)</script>'
    name = f"{attack}.zip".replace("/", "|")
    answer = await sent(author, pack((f"{attack.replace('/', '|')}.md", "---\ntitle: [\n---\n")), name)
    page = await shown(author, answer.headers["location"], "Nothing has been changed.", "It could not be looked at.")
    for text in (page, (await author.get(IMPORTS, headers=BROWSER)).text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("content", "fields", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", {}, "nothing to import"),
        (b"", {}, "choose a file first|The file is empty"),
        (b"{}", {"old_site": "ftp://x"}, "ame the old site by its address"),
        (b"{}", {"fetch_from": "a@b"}, "ame hosts as in cdn.example"),
        (b"{}", {"format": "klingon"}, "cannot be used"),
    ],
)
async def test_a_form_that_cannot_be_used_is_shown_again_with_the_reason(
    author: httpx.AsyncClient,
    databases: Databases,
    settings: Settings,
    content: bytes,
    fields: dict[str, str],
    words: str,
) -> None:
    answer = await sent(author, content, **fields)
    assert answer.status_code == 422
    assert re.search(words, answer.text)
    assert await transfers.listing(databases, OWNER, "import") == []
    assert not any(folders.root(settings).glob("0*"))


async def test_a_file_that_is_too_large_is_refused_in_words(
    author: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MAX_BYTES", 1024 * 1024)
    answer = await sent(author, b"{" + bytes(2 * 1024 * 1024))
    assert (answer.status_code, "larger than 1.0 MB" in answer.text) == (413, True)
    monkeypatch.setattr(keeping, "LEFT_FREE_BYTES", 1 << 60)
    answer = await sent(author, b"{}")
    assert (answer.status_code, "MB left" in answer.text) == (413, True)


async def test_starting_and_downloading_ask_who_sits_there(author: httpx.AsyncClient, databases: Databases) -> None:
    page = (await sent(author, pack(("fog.md", FOG)))).headers["location"]
    await shown(author, page, "Nothing has been changed.")
    assert (await send(author, EXPORTS, {"kind": "export"})).status_code == 303
    listed = await shown(author, EXPORTS, "Download")
    (file,) = re.findall(r'href="(/author/exports/[^"]+/file)"', listed)
    async with databases.ttl.transaction() as connection:
        await execute(connection, SQL_OLD_PROOF)
    asked = await send(author, f"{page}/run", {"step": "take"})
    assert (asked.status_code, "/author/confirm/form" in asked.headers["location"]) == (307, True)
    asked = await author.get(file, headers=BROWSER)
    assert asked.headers["location"].startswith("/author/confirm?")
    found = await transfers.listing(databases, OWNER, "import", "export")
    assert sorted(each.state for each in found) == ["done", "looked_at"]


async def test_an_export_is_made_shown_downloaded_and_deleted(author: httpx.AsyncClient, databases: Databases) -> None:
    page = (await sent(author, pack(("fog.md", FOG)))).headers["location"]
    await shown(author, page, "Nothing has been changed.")
    await send(author, f"{page}/run", {"step": "take"})
    await shown(author, page, ">imported<")
    assert (await send(author, EXPORTS, {"kind": "export"})).headers["location"] == EXPORTS
    listed = await shown(author, EXPORTS, "Download")
    assert "1 texts, 0 pictures" in listed
    assert "What could not be put in" in listed
    (file,) = re.findall(r'href="(/author/exports/[^"]+/file)"', listed)
    answer = await author.get(file, headers=BROWSER)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert b"Text." in opened.read("content/posts/fog.md")
    assert len(answer.content) == int(answer.headers["content-length"])
    assert f"sdc-export-{clock.today()}.zip" in answer.headers["content-disposition"]
    assert (await author.get(file.replace(EXPORTS, IMPORTS).removesuffix("/file"))).status_code == 404
    assert (await send(author, f"{file.removesuffix('/file')}?_method=DELETE", {})).status_code == 303
    assert (await author.get(file, headers=BROWSER)).status_code == 404


async def test_too_many_are_refused_before_they_are_kept(
    author: httpx.AsyncClient, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_UNDER_WAY", 0)
    answer = await sent(author, pack(("fog.md", FOG)), old_site="https://old.example")
    assert (answer.status_code, "wait already" in answer.text) == (409, True)
    assert 'value="https://old.example"' in answer.text
    assert (await send(author, EXPORTS, {"kind": "copy"})).status_code == 409
    assert (await send(author, EXPORTS, {"kind": "everything"})).status_code == 422
    assert await transfers.listing(databases, OWNER, "import", "copy") == []


@pytest.fixture
async def nobody_works(settings: Settings) -> AsyncGenerator[None]:
    """Another process has the turn, and does nothing."""
    async with rounds._turn(settings) as lock:
        assert lock is not None
        yield


@pytest.mark.usefixtures("nobody_works")
async def test_one_that_is_under_way_is_asked_for_again_and_may_be_cancelled(
    author: httpx.AsyncClient, databases: Databases
) -> None:
    page = (await sent(author, pack(("fog.md", FOG)))).headers["location"]
    assert "waits for its turn" in (await author.get(page, headers=BROWSER)).text
    async with databases.ttl.transaction() as connection:
        await execute(connection, "UPDATE transfers SET state = 'running', done = 3, total = 9")
    text = (await author.get(page, headers=HTMX)).text
    assert 'hx-trigger="every 2s"' in text
    assert "3 of 9 entries" in text
    assert (await send(author, f"{page}?_method=DELETE", {})).status_code == 409
    assert (await send(author, f"{page}/run?_method=DELETE", {})).headers["location"] == page
    assert "being stopped" in (await author.get(page, headers=BROWSER)).text


async def test_the_largest_file_is_told_in_the_same_words_before_and_after(
    author: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await author.get(IMPORTS, headers=BROWSER)).text
    library = (await author.get("/author/media", headers=BROWSER)).text
    assert ("Up to 4.3 GB." in page, 'data-limit-words="4.3 GB"' in page) == (True, True)
    assert ("Up to 52 MB" in library, 'data-limit-words="52 MB"' in library) == (True, True)
    monkeypatch.setattr(keeping, "MAX_BYTES", 1_500_000)
    assert "Up to 1.5 MB." in (await author.get(IMPORTS, headers=BROWSER)).text
    refused = await author.post(IMPORTS, files={"file": ("a.zip", bytes(1_600_000))}, headers=BROWSER)
    assert (refused.status_code, "The file is larger than 1.5 MB." in refused.text) == (413, True)
