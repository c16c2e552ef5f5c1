"""`sdc logs import` against the real worker: formats, packing, twice is once, what is malformed, what grows."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from sdc_cli.foreign_lines import Converter, Format, NotALineError, guessed_type
from sdc_cli.log_import import Import, Imported
from sdc_cli.logs import bring
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.attempts import Attempt
from sdc_core.errors import Conflict, Invalid, Unavailable
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import execute
from sdc_worker.analytics import reports
from sdc_worker.analytics.questions import question
from sdc_worker.app import Parts

NOW_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-05T12:00:00+00:00"))
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
NGINX = (
    '203.0.113.9 - - [01/Mar/2026:10:00:0%d +0100] "GET /posts/%d?utm_source=letter HTTP/1.1" 200 512 '
    f'"https://news.example/x" "{FIREFOX}"\n'
)
CADDY = (
    b'{"ts":1772330511.5,"status":404,"size":9,"duration":0.5,"request":{"client_ip":"1.2.3.4","method":"GET",'
    b'"uri":"/x?ref=y&token=z","headers":{"User-Agent":["a"],"Referer":["https://o.example/"]}},"resp_headers":{}}'
)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: bytes, name: str = "access.log") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return written


def converter(*own: str, only: frozenset[str] = frozenset(), country: str = "DE") -> Converter:
    with clock.frozen(NOW_US):
        return Converter(
            b"salt", frozenset({"", "site.example", *own}), lambda address: country if address else "", only
        )


async def imported(
    client: ServiceClient, file: Path, converts: Converter | None = None, kind: Format | None = None
) -> Imported:
    with clock.frozen(NOW_US):
        return await Import(client, converts or converter(), file, kind).run()


async def requests(parts: Parts) -> int:
    return (await reports.summary(parts.hits, question("2026-02-01", "2026-03-04", {}))).requests


def combined(count: int) -> bytes:
    return "".join(NGINX % (number % 10, number) for number in range(count)).encode()


async def test_a_combined_log_joins_the_statistics(client: ServiceClient, parts: Parts, write: Write) -> None:
    report = await imported(client, write(combined(9)))
    assert (report.lines, report.counted, report.known, report.malformed) == (9, 9, 0, 0)
    assert (report.first_day, report.last_day) == ("2026-03-01", "2026-03-01")
    found = await reports.summary(parts.hits, question("2026-03-01", "2026-03-01", {}))
    assert (found.requests, found.bytes, found.page_views, found.visitors) == (9, 9 * 512, 9, 1)


async def test_lines_without_a_duration_are_no_answers_at_once(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    await imported(client, write(combined(9)))
    assert (await reports.latency(parts.hits, question("2026-03-01", "2026-03-01", {}))).rows == []


@pytest.mark.parametrize("name", ["plain", "gz", "zst"])
async def test_the_same_file_counts_once_however_it_is_packed(
    client: ServiceClient, parts: Parts, write: Write, name: str
) -> None:
    plain = combined(40)
    packed = {"plain": plain, "gz": gzip.compress(plain), "zst": zstandard.compress(plain)}[name]
    await imported(client, write(plain, "first"))
    report = await imported(client, write(packed, "second"))
    assert (report.counted, report.known) == (0, 40)
    assert await requests(parts) == 40


async def test_a_file_that_has_grown_adds_what_is_new(client: ServiceClient, parts: Parts, write: Write) -> None:
    await imported(client, write(combined(40)))
    report = await imported(client, write(combined(55)))
    assert (report.counted, report.known) == (15, 40)
    assert await requests(parts) == 55


@pytest.mark.parametrize("first", [1, 5, 9])
async def test_a_short_file_that_has_grown_is_the_same_file(
    client: ServiceClient, parts: Parts, write: Write, first: int
) -> None:
    """Of fewer lines than name a file."""
    for count, new in ((first, first), (first + 1, 1), (25, 24 - first), (30, 5)):
        report = await imported(client, write(combined(count)))
        assert (report.counted, report.known) == (new, count - new)
    assert await requests(parts) == 30


async def test_a_file_that_is_read_in_another_way_than_before_adds_what_is_new(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    """Its lines have other lengths now: another name of the site, another list of countries."""
    await imported(client, write(combined(40)))
    report = await imported(client, write(combined(55)), converter("news.example", country=""))
    assert (report.counted, report.known, report.malformed) == (15, 40, 0)
    assert await requests(parts) == 55


async def test_a_stream_of_before_lines_were_counted_goes_on_by_its_length(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    await imported(client, write(combined(40)))
    async with parts.database.transaction() as connection:
        await execute(connection, "UPDATE log_streams SET lines = NULL")
    report = await imported(client, write(combined(55)))
    assert (report.counted, report.known) == (15, 40)
    with pytest.raises(Conflict, match="in another way"):
        await imported(client, write(combined(60)), converter("news.example"))
    hosted = of_hosts(*["a.example:443"] * 12)
    await imported(client, write(hosted))
    async with parts.database.transaction() as connection:
        await execute(connection, "UPDATE log_streams SET lines = NULL")
    with pytest.raises(Conflict, match="in another way"):
        await imported(client, write(hosted * 2), converter(only=frozenset({"a.example"})))
    assert await requests(parts) == 55 + 12


def of_hosts(*hosts: str) -> bytes:
    return "".join(f"{host} {NGINX % (at % 10, at)}" for at, host in enumerate(hosts)).encode()


async def test_of_a_log_of_several_sites_one_can_be_counted_alone(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    hosts = ("a.example:443", "b.example:443", "WWW.a.example:80", "scan.example:443") * 5
    only = converter(only=frozenset({"a.example", "www.a.example"}))
    report = await imported(client, write(of_hosts(*hosts)), only)
    assert (report.counted, report.left_out, report.malformed) == (10, 10, 0)
    assert report.hosts == {"a.example": 5, "b.example": 5, "www.a.example": 5, "scan.example": 5}
    assert await requests(parts) == 10
    # Whichever hosts are wanted next, a line that was there is not there twice.
    report = await imported(client, write(of_hosts(*hosts, "b.example", "a.example")))
    assert (report.counted, report.known, report.left_out) == (2, 20, 0)
    assert await requests(parts) == 12


async def test_a_log_that_names_no_host_cannot_be_counted_by_one(client: ServiceClient, write: Write) -> None:
    with pytest.raises(NotALineError, match="leave --only-host out"):
        await imported(client, write(combined(40)), converter(only=frozenset({"a.example"})))


async def test_what_comes_before_the_first_request_is_passed_over(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    report = await imported(client, write(b"\x16\x03\x01\n" * 30 + combined(5)))
    assert (report.counted, report.malformed) == (5, 30)
    assert await requests(parts) == 5


async def test_the_format_can_be_said(client: ServiceClient, write: Write) -> None:
    with pytest.raises(NotALineError, match="no caddy log"):
        await imported(client, write(combined(5)), kind="caddy")
    report = await imported(client, write(CADDY + b"\n" + combined(5)), kind="combined")
    assert (report.counted, report.malformed) == (5, 1)


async def test_an_import_that_was_cut_short_goes_on(
    client: ServiceClient, parts: Parts, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker goes away after some ranges; lines of different days take turns."""
    monkeypatch.setattr("sdc_cli.log_import.RANGE_BYTES", 3_000)
    monkeypatch.setattr("sdc_cli.log_import.LINES_AT_ONCE", 50)
    lines = combined(300).splitlines(keepends=True)
    file = write(b"".join(line.replace(b"01/Mar", b"0%d/Mar" % (1 + at % 3)) for at, line in enumerate(lines)))
    with pytest.raises(Unavailable), clock.frozen(NOW_US):
        await Import(Leaving(client, answers=21), converter(), file).run()
    before = await requests(parts)
    report = await imported(client, file)
    assert 0 < before < 300
    assert (report.known, report.counted) == (before, 300 - before)
    assert await requests(parts) == 300


class Leaving(ServiceClient):
    """A way to the worker that is cut after some answers, the last of them lost on its way back."""

    def __init__(self, client: ServiceClient, answers: int) -> None:
        super().__init__(client._client, client._keyring)
        self._left = answers

    async def send(self, method: str, path: str, **more: object) -> Attempt:
        attempt = await super().send(method, path, **more)  # ty: ignore[invalid-argument-type]
        self._left -= 1
        return attempt if self._left > 0 else Attempt(status=0, error="connection reset")


async def test_malformed_lines_are_counted_and_named(client: ServiceClient, parts: Parts, write: Write) -> None:
    bad = [
        b"\x16\x03\x01",
        b"",
        b'1.2.3.4 - - [99/Foo/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'1.2.3.4 - - [01/Mar/1980:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'1.2.3.4 - - [01/Mar/2036:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'1.2.3.4 - - [01/Mar/2026:10:00:00 +0000] "-" 408 0 "-" "-"',
        b"x" * 200_000,
    ]
    report = await imported(client, write(combined(3) + b"\n".join(bad) + b"\n" + combined(2)))
    assert (report.lines, report.counted, report.malformed) == (12, 5, 7)
    assert [each.line for each in report.named] == [4, 5, 6, 7, 8, 9, 10]
    assert [each.reason for each in report.named[2:6]] == [
        "its date is none",
        "its date is far away",
        "its date is far away",
        "no request in it",
    ]
    assert await requests(parts) == 5


async def test_a_log_of_sdc_itself_comes_in_as_it_is(client: ServiceClient, parts: Parts, write: Write) -> None:
    lines = [Line(ts=NOW_US - clock.DAY_US * 2 + number, visitor="0" * 16, path="/", status=200) for number in range(7)]
    report = await imported(client, write(b"".join(map(access_log.encode, lines)) + b"{}\n"))
    assert (report.counted, report.malformed) == (7, 1)
    assert await requests(parts) == 7


async def test_what_is_no_log_is_refused(client: ServiceClient, write: Write) -> None:
    with pytest.raises(NotALineError):
        await imported(client, write(b"Dear diary,\n" * 50))


async def test_a_file_that_is_no_log_keeps_no_other_back(client: ServiceClient, parts: Parts, write: Write) -> None:
    files = (
        write(combined(3), "a"),
        write(b"Dear diary,\n" * 50, "b"),
        write(combined(4).replace(b"posts", b"p"), "c"),
    )
    with clock.frozen(NOW_US):
        found = await bring(client, converter(), files)
    assert [(each.counted, bool(each.error)) for each in found] == [(3, False), (0, True), (4, False)]
    assert await requests(parts) == 7


async def test_of_a_damaged_file_it_is_told_how_far_it_came(client: ServiceClient, write: Write) -> None:
    packed = gzip.compress(combined(50_000))
    with clock.frozen(NOW_US):
        (report,) = await bring(client, converter(), (write(packed[: len(packed) // 2]),))
    assert "damaged after line" in report.error
    assert report.counted > 0


async def test_without_the_worker_no_further_file_is_begun(client: ServiceClient, write: Write) -> None:
    with clock.frozen(NOW_US):
        found = await bring(Leaving(client, answers=1), converter(), (write(combined(3), "a"), write(combined(4), "b")))
    assert ["the worker" in each.error for each in found] == [True]


async def test_a_line_that_is_being_written_is_left_for_the_next_time(
    client: ServiceClient, parts: Parts, write: Write
) -> None:
    """Cut within its size it would be a line of the common format."""
    whole = combined(12)
    report = await imported(client, write(whole[: whole.rindex(b"12 ")]))
    assert (report.counted, report.malformed) == (11, 1)
    assert [(each.line, each.reason) for each in report.named] == [(12, "it does not end yet")]
    report = await imported(client, write(whole))
    assert (report.counted, report.known, report.malformed) == (1, 11, 0)
    assert (await reports.summary(parts.hits, question("2026-03-01", "2026-03-01", {}))).bytes == 12 * 512


async def test_an_empty_file_is_nothing(client: ServiceClient, write: Write) -> None:
    assert (await imported(client, write(b""))).lines == 0


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
async def test_a_damaged_file_says_where(client: ServiceClient, write: Write, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(combined(5_000))
    with pytest.raises(Invalid, match="damaged after line"):
        await imported(client, write(packed[: len(packed) // 2]))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b'1.2.3.4 - bob [28/Feb/2026:23:30:00 -0100] "POST /a%20b HTTP/2.0" 303 - "http://o.example/" "x\\"y"',
            ("2026-03-01", "POST", "/a b", 303, 0, "o.example", 'x"y'),
        ),
        (
            b'a.example:443 1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "http://site.example/" "-"',
            ("2026-03-01", "GET", "/", 200, 5, "", ""),
        ),
        (
            b'a.example 1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"',
            ("2026-03-01", "GET", "/", 200, 5, "", ""),
        ),
        (
            b'::1 - - [01/Mar/2026:00:00:00 +0000] "GET /author/login/secret HTTP/1.1" 200 5',
            ("2026-03-01", "GET", "/author/login/", 200, 5, "", ""),
        ),
        (
            CADDY,
            ("2026-03-01", "GET", "/x", 404, 9, "o.example", "a"),
        ),
    ],
)
def test_lines_of_other_servers_are_read(raw: bytes, expected: tuple[object, ...]) -> None:
    line = converter().parser([raw])(raw)
    found = (clock.day_of(line.ts), line.method, line.path, line.status, line.bytes, line.ref, line.ua)
    assert found == expected
    assert b"1.2.3.4" not in access_log.encode(line)
    assert b"token" not in access_log.encode(line)


def test_a_host_that_is_none_is_not_shown() -> None:
    made = converter()
    made.caddy(CADDY.replace(b'"method"', b'"host":"\\u001b[2Jx","method"'))
    made.combined(b"\x1b[2J:80 " + combined(1).strip())
    assert made.hosts == {"": 2}


@pytest.mark.parametrize("host", ["a.example", "A.example.:8443"])
def test_the_host_that_was_asked_is_known(host: str) -> None:
    made = converter()
    made.caddy(CADDY.replace(b'"method"', f'"host":"{host}","method"'.encode()))
    made.combined(of_hosts(host).strip())
    assert made.hosts == {"a.example": 2}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/posts/one", "text/html"),
        ("/a.b/index.php", "text/html"),
        ("/site.css", "text/css"),
        ("/feed/", "application/atom+xml"),
        ("/index.xml", "application/atom+xml"),
        ("/x.unheard", "application/octet-stream"),
        ("/x.mp3", "audio/mpeg"),
        ("/posts/node.js-tips", "text/html"),
        ("/blog/release-2.0", "text/html"),
        ("/blog/release-2.1", "text/html"),
        ("/notes/a.b2z", "text/html"),
        ("/@me.example", "text/html"),
        ("/show.asp", "text/html"),
        ("/cgi-bin/show.cgi", "text/html"),
        ("/podcast.rss", "application/atom+xml"),
        ("/feeds/posts/default", "application/atom+xml"),
    ],
)
def test_a_media_type_is_guessed_from_the_path(path: str, media_type: str) -> None:
    assert guessed_type(path) == media_type
