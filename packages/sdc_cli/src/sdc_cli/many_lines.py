"""Combined logs in bulk: a plain line is cut at its quotes, and put together from pieces of lines that were met before.

What is not plain (an escaped quote, a virtual host, a date that is none) goes to `foreign_lines`. So every line becomes
to the byte what it would have become there.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec
from sdc_core import access_log, clock
from sdc_core.access_log import MAX_TEXT

from sdc_cli.foreign_lines import Converter, NotALineError, OtherHostError, Parse, minute, requested

MOST_KNOWN = 50_000
"""Pieces of a kind that are remembered."""
MOST_DIGITS = 15
"""Of a size; what is longer has to be looked at as a number."""

_Who: TypeAlias = dict[tuple[str, str], tuple[str, str]]
"""Address and User-Agent of a day: the visitor's hash, and how that visitor's lines end."""

_SECONDS = {f"{number:02}": number * clock.SECOND_US for number in range(60)}
_MINUTES = {f"{at // 60:02}:{at % 60:02}": at * 60 * clock.SECOND_US for at in range(24 * 60)}
_NOTHING = ("-", "0")
_LAST_SECOND_US = 59 * clock.SECOND_US
_TOKEN = re.compile(r"\S+")


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is none: its number in the file, and why."""

    line: int
    reason: str


class Converted(NamedTuple):
    """Lines of ours by day, in their order, with a blank one for each that was left out; and which are none."""

    days: dict[str, bytes]
    malformed: list[Malformed]
    left_out: int = 0


class _Minute(NamedTuple):
    """A minute of a log: when it begins in UTC, its day there, and who is known of that day."""

    begins_us: int
    day: str
    who: _Who


class _NotPlainError(Exception):
    """A line that has to be looked at letter by letter."""


def one_by_one(parse: Parse, lines: Sequence[bytes], first: int) -> Converted:
    """A block of lines of any kind, which begins with the file's line `first`."""
    days: dict[str, bytearray] = defaultdict(bytearray)
    malformed: list[Malformed] = []
    left_out = 0
    for number, raw in enumerate(lines, first):
        try:
            line = parse(raw)
        except NotALineError as error:
            malformed.append(Malformed(line=number, reason=str(error)))
        except OtherHostError as error:
            # Its place is kept, so that a line has the same number whichever hosts are wanted.
            days[error.day] += b"\n"
            left_out += 1
        else:
            days[clock.day_of(line.ts)] += access_log.encode(line)
    return Converted({day: bytes(body) for day, body in days.items()}, malformed, left_out)


class ManyLines:
    """Combined lines under a converter."""

    __slots__ = ("_converter", "_midnights", "_minutes", "_referrers", "_requests", "_statuses", "_who")

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self._midnights: dict[str, int] = {}
        self._minutes: dict[tuple[str, str], _Minute] = {}
        self._requests: dict[str, tuple[str, str]] = {}
        self._statuses: dict[str, str] = {}
        self._referrers: dict[str, str] = {}
        self._who: dict[str, _Who] = defaultdict(dict)

    def convert(self, lines: Sequence[bytes], first: int) -> Converted:
        """As `one_by_one` does with combined lines."""
        self._forget()
        days: dict[str, list[str]] = defaultdict(list)
        malformed: list[Malformed] = []
        for number, raw in enumerate(lines, first):
            try:
                day, text = self._plain(raw)
            except (_NotPlainError, LookupError, ValueError):
                try:
                    line = self._converter.combined(raw)
                except NotALineError as error:
                    malformed.append(Malformed(line=number, reason=str(error)))
                    continue
                day, text = clock.day_of(line.ts), access_log.encode(line).decode()
            days[day].append(text)
        return Converted({day: "".join(texts).encode() for day, texts in days.items()}, malformed)

    def _plain(self, raw: bytes) -> tuple[str, str]:
        """Day and text of a line. Raises _NotPlainError, and ValueError or LookupError for one of another shape."""
        head, request, answer, referrer, between, agent, _ = raw.decode(errors="replace").split('"', 6)
        address, identity, user, begun, zone, nothing = head.split(" ")
        before, status, size, after = answer.split(" ")
        if between != " " or nothing or before or after or b"\\" in raw:
            raise _NotPlainError
        if not (identity == user == "-") and not (_TOKEN.fullmatch(identity) and _TOKEN.fullmatch(user)):
            raise _NotPlainError
        minute_us, day, who = self._minutes.get((begun[:19], zone)) or self._minute(begun[:19], zone)
        second_us = _SECONDS[begun[19:]]
        visitor, end = who.get((address, agent)) or self._met(day, address, agent)
        asked, kind = self._requests.get(request) or self._request(request)
        answered = self._statuses.get(status) or self._status(status)
        origin = self._referrers.get(referrer)
        if origin is None:
            origin = self._referrer(referrer)
        sent = "" if size in _NOTHING else f',"bytes":{_plain_number(size)}'
        return day, f'{{"ts":{minute_us + second_us},"visitor":"{visitor}"{asked}{answered}{sent}{kind}{origin}{end}'

    def _minute(self, begun: str, zone: str) -> _Minute:
        """Of `[01/Mar/2026:10:00:` and `+0100]`."""
        oldest_us, latest_us = self._converter.period_us
        if len(zone) != len("+0100]") or begun[:1] + begun[12:13] + begun[18:] + zone[-1:] != "[::]":
            raise _NotPlainError
        us = self._midnight(begun[1:12], zone) + _MINUTES[begun[13:18]]
        if not oldest_us <= us <= latest_us - _LAST_SECOND_US:
            raise _NotPlainError
        day = clock.day_of(us)
        made = self._minutes[begun, zone] = _Minute(us, day, self._who[day])
        return made

    def _midnight(self, date: str, zone: str) -> int:
        if (us := self._midnights.get(date + zone)) is None:
            us = self._midnights[date + zone] = minute(f"{date}:00:00 {zone[:-1]}")
        return us

    def _met(self, day: str, address: str, sent: str) -> tuple[str, str]:
        if not _TOKEN.fullmatch(address):
            raise _NotPlainError
        agent = "" if sent == "-" else sent[:MAX_TEXT]
        visitor = self._converter.visitor(day, address, agent)
        country = self._converter.country(address)
        met = self._who[day][address, sent] = (visitor, f"{_field('ua', agent)}{_field('country', country)}}}\n")
        return met

    def _request(self, request: str) -> tuple[str, str]:
        try:
            asked = self._converter.asked(*requested(request))
        except NotALineError:
            raise _NotPlainError from None
        head = f'{_field("method", asked.method)},"path":{_text(asked.path)}{_field("query", asked.query)}'
        made = self._requests[request] = (head, _field("type", asked.type))
        return made

    def _status(self, status: str) -> str:
        if len(status) != 3:
            raise _NotPlainError
        made = self._statuses[status] = f',"status":{_plain_number(status)}'
        return made

    def _referrer(self, referrer: str) -> str:
        made = self._referrers[referrer] = _field("ref", self._converter.host("" if referrer == "-" else referrer))
        return made

    def _forget(self) -> None:
        """Begin anew where a log has ever new values: each is remembered for a while, none for ever."""
        met = sum(map(len, self._who.values()))
        if max(met, len(self._midnights), len(self._minutes), len(self._requests), len(self._referrers)) > MOST_KNOWN:
            for known in (self._who, self._midnights, self._minutes, self._requests, self._referrers):
                known.clear()


def _plain_number(digits: str) -> str:
    """Digits that JSON takes as they are."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS) or digits[0] == "0":
        raise _NotPlainError
    return digits


def _field(name: str, value: str) -> str:
    return f',"{name}":{_text(value)}' if value else ""


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()
