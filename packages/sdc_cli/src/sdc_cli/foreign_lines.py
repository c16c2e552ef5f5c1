"""Lines of other servers' access logs as lines of ours: combined (nginx, Apache, Caddy), Caddy's JSON, and our own."""

import hashlib
import mimetypes
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

import msgspec
from sdc_core import access_log, clock
from sdc_core.access_log import MAX_TEXT, MAX_WHOLE, Line
from sdc_web.request_log.asked import campaign, foreign_host, logged_path

Parse: TypeAlias = Callable[[bytes], Line]
Format: TypeAlias = Literal["sdc", "caddy", "combined"]

OLDEST_US = clock.from_datetime(datetime(1995, 1, 1, tzinfo=UTC))
_HIGHEST_STATUS = 999
_MOST_CACHED = 50_000
_HOST = re.compile(r"[\w.\-:\[\]]{1,255}")
_MOST_HOSTS = 1_000
"""Names that are counted: whoever asks may make one up for every request."""
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_COMBINED = re.compile(
    r"(?:(\S+):\d+ |([A-Za-z][\w.-]*) (?=[\d.]+ |[0-9A-Fa-f]*:[0-9A-Fa-f:.]+ ))?"
    rf'(\S+) \S+ (?:"[^"]*"|\S+(?: \S+){{0,9}}) \[([^\]]{{20,32}})\] '
    rf"{_QUOTED} (\d{{3}}) (\d{{1,18}}(?!\d)|-)(?: {_QUOTED} {_QUOTED})?"
)
_MINUTE = "%d/%b/%Y:%H:%M %z"
_ESCAPED = re.compile(r'((?:\\x[0-9A-Fa-f]{2})+)|\\(["\\])')
_FEEDS = re.compile(
    r"/(?:feed|rss|atom)/?$|/(?:feed|rss|atom|index)\.xml$|\.(?:rss|atom)$|/feed\.json$|/feeds/posts/default/?$"
)
_PAGES = frozenset({"html", "htm", "xhtml", "php", "phtml", "asp", "aspx", "jsp", "jspx", "cgi", "cfm", "do"})
_SUFFIX = re.compile(r"[0-9]*[a-z][a-z0-9]*")


class NotALineError(Exception):
    """Why a line cannot be read, in words."""


class OtherHostError(Exception):
    """A line of another host than those wanted, of that day."""

    def __init__(self, day: str) -> None:
        super().__init__(day)
        self.day = day


class _Headers(msgspec.Struct, rename={"user_agent": "User-Agent", "referer": "Referer"}):
    user_agent: list[str] = []
    referer: list[str] = []


class _Answered(msgspec.Struct, rename={"content_type": "Content-Type"}):
    content_type: list[str] = []


class _Asked(msgspec.Struct):
    method: str
    uri: str
    host: str = ""
    remote_ip: str = ""
    client_ip: str = ""
    headers: _Headers = msgspec.field(default_factory=_Headers)


class _Caddy(msgspec.Struct):
    """What Caddy writes of a request, as far as it is of use."""

    ts: float | datetime
    request: _Asked
    status: int
    size: int = 0
    duration: float = 0.0
    resp_headers: _Answered = msgspec.field(default_factory=_Answered)


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A request as another server logged it."""

    at_us: int
    address: str
    method: str
    target: str
    status: int
    size_bytes: int
    referrer: str
    agent: str
    us: int = 0
    media_type: str = ""
    host: str = ""


class Asked(NamedTuple):
    """What a request was for, as a line says it."""

    method: str
    path: str
    query: str
    type: str


class Converter:
    """Makes lines under one salt. The visitor is the hash of salt, day, address and User-Agent; the address is dropped.

    With `only_hosts`, lines that were asked of another name are left out. `hosts` counts the names that lines tell.
    """

    __slots__ = ("_countries", "_known", "_latest_us", "_own_hosts", "_salt", "_visitors", "hosts", "only_hosts")

    def __init__(
        self,
        salt: bytes,
        own_hosts: frozenset[str],
        country: Callable[[str], str],
        only_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.only_hosts = only_hosts
        self.hosts: Counter[str] = Counter()
        self._salt = salt
        self._own_hosts = own_hosts
        self._latest_us = clock.now_us() + clock.DAY_US
        self._visitors: dict[tuple[str, str, str], str] = {}
        self._known: dict[str, str] = {}
        self._countries = country

    def parser(self, head: list[bytes], kind: Format | None = None) -> Parse:
        """For a file that begins with those lines. Raises NotALineError when none of them is of that kind, or of any
        that is known, and when hosts are wanted that no line names.
        """
        kinds: dict[Format, Parse] = {"sdc": self.ours, "caddy": self.caddy, "combined": self.combined}
        tried = [kinds[kind]] if kind else [*kinds.values()]
        found = next((parse for raw in head for parse in tried if _reads(parse, raw)), None)
        if found is None:
            message = f"no {kind} log" if kind else "neither a combined log, nor Caddy's, nor one of SDC"
            raise NotALineError(message)
        if self.only_hosts and not any(self.hosts):
            message = "its lines name no host: leave --only-host out"
            raise NotALineError(message)
        return found

    def ours(self, raw: bytes) -> Line:
        """A line of an SDC site, as it is."""
        try:
            line = access_log.decode(raw)
        except msgspec.DecodeError:
            message = "not a line of SDC's access log"
            raise NotALineError(message) from None
        self._check(line.ts)
        return line

    def caddy(self, raw: bytes) -> Line:
        """An entry of Caddy's JSON log."""
        try:
            told = _caddy.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            message = "not an entry of Caddy's access log"
            raise NotALineError(message) from None
        try:
            at_us, us = _told_us(told.ts), int(told.duration * clock.SECOND_US)
        except (OverflowError, ValueError):
            message = "its date or its duration is none"
            raise NotALineError(message) from None
        asked = told.request
        entry = _Entry(
            at_us=at_us,
            address=asked.client_ip or asked.remote_ip,
            method=asked.method,
            target=asked.uri,
            status=told.status,
            size_bytes=told.size,
            referrer=next(iter(asked.headers.referer), ""),
            agent=next(iter(asked.headers.user_agent), ""),
            us=us,
            media_type=next(iter(told.resp_headers.content_type), "").partition(";")[0].strip(),
            host=_bare(asked.host),
        )
        return self._line(entry)

    def combined(self, raw: bytes) -> Line:
        """A line of the combined or common format, with a virtual host before it or not."""
        found = _COMBINED.match(raw.decode(errors="replace"))
        if found is None:
            message = "not a line of a combined log"
            raise NotALineError(message)
        port_host, host, address, moment, request, status, size, referrer, agent = found.groups()
        method, target = requested(request)
        entry = _Entry(
            at_us=_moment(moment),
            address=address,
            method=method,
            target=target,
            status=int(status),
            size_bytes=0 if size == "-" else int(size),
            referrer="" if referrer in (None, "-") else _plain(referrer),
            agent="" if agent in (None, "-") else _plain(agent),
            host=(port_host or host or "").lower().rstrip("."),
        )
        return self._line(entry)

    def asked(self, method: str, target: str, media_type: str = "") -> Asked:
        """What was asked for, by the request line; the media type is guessed when the log does not name it."""
        path, _, query = target.partition("?")
        return Asked(
            method=method[:16].upper(),
            path=logged_path(unquote(path) if "%" in path else path),
            query=campaign(query.encode("latin-1", "replace")) if query else "",
            type=media_type[:MAX_TEXT] or guessed_type(path),
        )

    def host(self, referrer: str) -> str:
        """The referring host; empty for none and for the site itself."""
        host = _host(referrer[:2_000]) if referrer else ""
        return "" if host in self._own_hosts else host

    def visitor(self, day: str, address: str, agent: str) -> str:
        """The visitor's hash of that day."""
        who = (day, address, agent)
        if (visitor := self._visitors.get(who)) is None:
            if len(self._visitors) >= _MOST_CACHED:
                self._visitors.clear()
            said = f"{day}\n{address}\n{agent}".encode(errors="replace")
            visitor = self._visitors[who] = hashlib.blake2b(said, key=self._salt, digest_size=8).hexdigest()
        return visitor

    def country(self, address: str) -> str:
        """Of an address."""
        if (country := self._known.get(address)) is None:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            country = self._known[address] = self._countries(address)
        return country

    @property
    def period_us(self) -> tuple[int, int]:
        """The first and the last moment that a line may have."""
        return OLDEST_US, self._latest_us

    def _line(self, entry: "_Entry") -> Line:
        self._check(entry.at_us)
        if not 0 <= entry.status <= _HIGHEST_STATUS:
            message = "its status is none"
            raise NotALineError(message)
        # It is shown on a terminal, and who asked may have written anything.
        host = entry.host if _HOST.fullmatch(entry.host) else ""
        if host in self.hosts or len(self.hosts) < _MOST_HOSTS:
            self.hosts[host] += 1
        if self.only_hosts and host not in self.only_hosts:
            raise OtherHostError(clock.day_of(entry.at_us))
        asked = self.asked(entry.method, entry.target, entry.media_type)
        agent = entry.agent[:MAX_TEXT]
        return Line(
            ts=entry.at_us,
            visitor=self.visitor(clock.day_of(entry.at_us), entry.address, agent),
            method=asked.method,
            path=asked.path,
            query=asked.query,
            status=entry.status,
            bytes=min(max(entry.size_bytes, 0), MAX_WHOLE),
            us=min(max(entry.us, 0), MAX_WHOLE),
            type=asked.type,
            ref=self.host(entry.referrer),
            ua=agent,
            country=self.country(entry.address),
        )

    def _check(self, at_us: int) -> None:
        if not OLDEST_US <= at_us <= self._latest_us:
            message = "its date is far away"
            raise NotALineError(message)


def _reads(parse: Parse, raw: bytes) -> bool:
    try:
        parse(raw)
    except NotALineError:
        return False
    except OtherHostError:
        return True
    return True


def requested(line: str) -> tuple[str, str]:
    """Method and target of a request line as a log quotes it. Raises NotALineError."""
    method, _, rest = line.partition(" ")
    target = rest.rpartition(" ")[0] or rest
    if not method.isalpha() or not target:
        message = "no request in it"
        raise NotALineError(message)
    return method, _plain(target)


@lru_cache(maxsize=4096)
def guessed_type(path: str) -> str:
    """The media type that a path lets expect: other logs do not name it."""
    if _FEEDS.search(path):
        return "application/atom+xml"
    name = path.rpartition("/")[2]
    # An address such as `@me.example` is a profile.
    return _type_of(name.rpartition(".")[2].lower() if "." in name and name[0] != "@" else "")


@lru_cache(maxsize=512)
def _type_of(suffix: str) -> str:
    """Many a page has a dot in its name: what follows it is a suffix when it is a known one, or consists of letters."""
    if suffix in _PAGES or not _SUFFIX.fullmatch(suffix):
        return "text/html"
    unknown = "application/octet-stream" if suffix.isalpha() else "text/html"
    return mimetypes.guess_type(f"x.{suffix}")[0] or unknown


def _told_us(at: float | datetime) -> int:
    """Raises OverflowError and ValueError for what is no moment of this world."""
    if isinstance(at, datetime):
        return clock.from_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))
    return int(at * clock.SECOND_US)


def _moment(text: str) -> int:
    """`01/Mar/2026:10:00:00 +0100`; the calendar is asked once a minute."""
    try:
        return minute(text[:17] + text[20:]) + int(text[18:20]) * clock.SECOND_US
    except ValueError:
        message = "its date is none"
        raise NotALineError(message) from None


@lru_cache(maxsize=4096)
def minute(text: str) -> int:
    """`01/Mar/2026:10:00 +0100`. Raises ValueError."""
    return clock.from_datetime(datetime.strptime(text, _MINUTE))  # noqa: DTZ007 - the format ends in %z


def _bare(host: str) -> str:
    """A Host header without its port."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower().rstrip(".")


@lru_cache(maxsize=4096)
def _host(referrer: str) -> str:
    return foreign_host(referrer.encode("latin-1", "replace"), "")


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: _bytes_of(found[1]) if found[1] else found[2], text)


def _bytes_of(escaped: str) -> str:
    """Of what nginx writes byte by byte: UTF-8, as nearly everybody sends it, or Latin-1."""
    raw = bytes.fromhex(escaped.replace("\\x", ""))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_caddy = msgspec.json.Decoder(_Caddy)
