"""What a rehearsal makes of what two sites show; a whole one is in `tests/cli/test_recover.py`."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sdc_core.errors import Unavailable
from sdc_core.objects import local_endpoint, open_store
from sdc_core.settings import Settings
from sdc_worker.analytics import agents
from sdc_worker.drills import rehearsal, restore
from sdc_worker.drills.fetched import Fetched
from sdc_worker.drills.rehearsal import RehearsalFailed

from loopback import serving

PAGE = b'<html><img src="/media/a/480.jpg" srcset="/media/a/480.jpg 480w, /media/a/960.jpg 960w"></html>'
SHOWN = {"/": PAGE, "/media/a/480.jpg": b"small", "/media/a/960.jpg": b"large"}


@asynccontextmanager
async def showing(answers: Mapping[str, bytes]) -> AsyncGenerator[str]:
    """A site that shows these, and nothing else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body, status = answers.get(path, b"nothing"), b"200 OK" if path in answers else b"404 Not Found"
        if body.startswith(b"to "):
            status = b"302 Found\r\nLocation: " + body[3:]
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()

    async with serving(answer) as url:
        yield url


async def read(restored: Mapping[str, bytes], living: Mapping[str, bytes], *paths: str) -> rehearsal.Compared:
    async with showing(restored) as here, showing(living) as there:
        return await rehearsal._read(here, there, paths, Fetched("https://ada.example", "https://cdn.example/pictures"))


async def test_each_picture_of_a_page_is_read_once_and_compared() -> None:
    compared = await read(SHOWN, SHOWN, "/")
    assert (compared.pages, compared.pictures, compared.same, compared.changed) == (1, 2, 3, [])


async def test_a_page_that_differs_is_told_of() -> None:
    compared = await read(SHOWN, {**SHOWN, "/": b"<html>newer</html>"}, "/")
    assert compared.changed == ["/"]
    assert str(compared).endswith("2 are what the living site shows, 1 has changed since the backup")


async def test_what_the_living_site_does_not_show_now_is_counted_apart() -> None:
    compared = await read(SHOWN, {}, "/")
    assert (compared.pages, compared.pictures, compared.alone) == (1, 2, 3)


async def test_another_picture_under_the_same_address_fails_it() -> None:
    with pytest.raises(RehearsalFailed, match=r"picture /media/a/960\.jpg .* is another one"):
        await read(SHOWN, {**SHOWN, "/media/a/960.jpg": b"other"}, "/")


async def test_a_picture_that_only_the_restored_site_lacks_fails_it() -> None:
    with pytest.raises(RehearsalFailed, match=r"does not show /media/a/960\.jpg: it answered 404"):
        await read({name: body for name, body in SHOWN.items() if "960" not in name}, SHOWN, "/")


async def test_a_picture_that_nobody_has_is_its_authors_mistake() -> None:
    page = {"/": PAGE}
    assert (await read(page, page, "/")).pictures == 0


FILES = b"""<html><video src="/media/v/film.mp4" poster="/media/p/1.jpg"></video>
<audio><source src="/media/s/a.mp3"></audio>
<a href="https://ada.example/media/f/talk.pdf#page=3">Talk</a> <a href="/posts/other">Other</a>
<a href="https://else.example/media/f/no.pdf">No</a></html>"""
GIVEN = {
    "/": FILES,
    "/media/v/film.mp4": b"moves",
    "/media/p/1.jpg": b"stands",
    "/media/s/a.mp3": b"sounds",
    "/media/f/talk.pdf": b"reads",
}


async def test_sound_film_and_linked_files_are_read_too() -> None:
    compared = await read(GIVEN, GIVEN, "/")
    assert (compared.pictures, compared.files, compared.same) == (2, 2, 5)


async def test_addresses_that_nobody_asks_for_as_they_are_written_and_those_that_lead_nowhere_fail_nothing() -> None:
    odd = b"""<html><a href="/media/a\nb">A</a> <a href="/media/../author/posts">B</a> <a href="/media/x/./y">C</a>
    <a href="/media/f/away">D</a> <img src="/media/p/1..2.jpg"></html>"""
    shown = {"/": odd, "/media/f/away": b"to /author/posts", "/author/posts": b"", "/media/p/1..2.jpg": b"stands"}
    compared = await read(shown, shown, "/")
    assert (compared.pictures, compared.files) == (1, 0)


@pytest.mark.parametrize("lost", [path for path in GIVEN if path != "/"])
async def test_a_file_that_only_the_restored_site_lacks_fails_it(lost: str) -> None:
    with pytest.raises(RehearsalFailed, match=rf"does not show {lost}: it answered 404"):
        await read({path: body for path, body in GIVEN.items() if path != lost}, GIVEN, "/")


async def test_another_file_under_the_same_address_fails_it() -> None:
    with pytest.raises(RehearsalFailed, match=r"file /media/f/talk\.pdf .* is another one"):
        await read({**GIVEN, "/media/f/talk.pdf": b"cut off"}, GIVEN, "/")


async def test_an_address_that_leads_on_is_followed() -> None:
    leading = {**GIVEN, "/media/f/talk.pdf": b"to /media/f/speech.pdf", "/media/f/speech.pdf": b"reads"}
    assert (await read(leading, leading, "/")).files == 2


async def test_pictures_that_readers_fetch_elsewhere_are_read_from_the_site_itself() -> None:
    shown = {"/": b'<html><img src="https://cdn.example/pictures/a/r/960.jpg"></html>', "/media/a/r/960.jpg": b"large"}
    assert (await read(shown, shown, "/")).pictures == 1


@pytest.mark.parametrize("page", [b"", b"<html>cut off"])
async def test_half_a_page_fails_it(page: bytes) -> None:
    with pytest.raises(RehearsalFailed):
        await read({"/": page}, SHOWN, "/")


async def test_a_restored_site_that_does_not_start_says_why(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "site.db").write_bytes(b"no database" * 100)
    async with open_store(local_endpoint(settings)) as store:
        with pytest.raises((RehearsalFailed, Unavailable), match="does not start: "):
            async with rehearsal.serving(settings, restore.local(settings, store), tmp_path):
                pass


def test_a_rehearsal_is_no_reader_of_the_living_site() -> None:
    assert agents.classify(rehearsal.CALLED["user-agent"]).bot


async def test_pages_lead_to_pictures_where_those_of_the_living_site_do(settings: Settings, tmp_path: Path) -> None:
    told = settings.model_copy(update={"MEDIA_URL": "https://cdn.example"})
    async with open_store(local_endpoint(told)) as store:
        environment = rehearsal._environment(told, restore.local(told, store), tmp_path, 1)
    assert environment["SDC_MEDIA_URL"] == "https://cdn.example"
