"""A month of made-up traffic, the same each time: readers, feeds, crawlers, scanners, programs that pose as readers.

Each request is a line of the access log and, for readers of other formats, the address that the line leaves out.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

from sdc_core import clock
from sdc_core.access_log import Line

DAY_S = 86_400
_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.{} {}Safari/537.36"
_FIREFOX = "Mozilla/5.0 ({}; rv:{}.0) Gecko/20100101 Firefox/{}.0"
_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {}_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.{} "
    "Mobile/15E148 Safari/604.1"
)
_DESKTOPS = ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7")
_CRAWLERS = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; SomebodysOwnBot/0.3)",
    "",
)
_READERS = (
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; {} subscribers; like FeedFetcher-Google)",
    "Feedbin feed-id:1 - {} subscribers",
    "Miniflux/2.2.{}",
    "NetNewsWire (RSS Reader; https://netnewswire.com/) {}",
)
_REFERRERS = (
    *("",) * 8,
    "www.google.com",
    "www.google.de",
    "news.ycombinator.com",
    "old.reddit.com",
    "chatgpt.com",
    "t.co",
)
_COUNTRIES = ("DE", "US", "GB", "FR", "CH", "AT", "NL", "IN", "BR", "")
_PROBES = ("/wp-login.php", "/.env", "/xmlrpc.php", "/.git/config", "/old/index.php")
_FILES = (
    ("/static/site.css", "text/css"),
    ("/static/site.js", "text/javascript"),
    ("/static/serif.woff2", "font/woff2"),
)
_HTML = "text/html"


class Request(NamedTuple):
    """One request; `line.visitor` stands for `address` and User-Agent."""

    line: Line
    address: str


class Caller(NamedTuple):
    """Somebody of a day."""

    address: str
    visitor: str
    agent: str
    country: str


def month(first: date, days: int, requests_a_day: int, seed: int = 1) -> Iterator[tuple[str, list[Request]]]:
    """Day by day, the requests in the order of their moments, about as many as are asked for."""
    for number in range(days):
        dice = random.Random(f"{seed}/{number}")
        day = date.fromordinal(first.toordinal() + number)
        start_us = clock.from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
        made: list[Request] = []
        while len(made) < requests_a_day:
            at_us = start_us + int(dice.triangular(0, DAY_S, DAY_S * 0.6) * clock.SECOND_US)
            made.extend(_somebody(dice, at_us))
        last_us = start_us + clock.DAY_US
        yield (
            day.isoformat(),
            sorted((each for each in made if each.line.ts < last_us), key=lambda each: each.line.ts),
        )


def combined(request: Request) -> str:
    """The request as nginx, Apache and Caddy write it."""
    line = request.line
    at = datetime.fromtimestamp(line.ts / clock.SECOND_US, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    target = f"{line.path}?{line.query}" if line.query else line.path
    referrer = f"https://{line.ref}/" if line.ref else "-"
    asked = f'"{line.method} {target} HTTP/1.1" {line.status} {line.bytes}'
    return f'{request.address} - - [{at}] {asked} "{referrer}" "{line.ua}"'


def _somebody(dice: random.Random, at_us: int) -> Iterator[Request]:
    match dice.choices(("reader", "crawler", "feed", "scanner", "posing"), (70, 18, 9, 2, 1))[0]:
        case "reader":
            yield from _reader(dice, at_us, _caller(dice, _agent(dice)))
        case "crawler":
            who = _caller(dice, dice.choice(_CRAWLERS))
            for _ in range(dice.randrange(1, 12)):
                yield _request(dice, at_us, who, _page(dice), _HTML, dice.choice((200, 200, 304, 404)))
                at_us += dice.randrange(30 * clock.SECOND_US)
        case "feed":
            who = _caller(dice, dice.choice(_READERS).format(dice.randrange(1, 60)))
            for _ in range(dice.randrange(1, 6)):
                yield _request(dice, at_us, who, "/feed.xml", "application/atom+xml", dice.choice((200, 304, 304)))
                at_us += 3600 * clock.SECOND_US
        case "scanner":
            who = _caller(dice, _agent(dice))
            for path in ("/", *dice.sample(_PROBES, dice.randrange(1, 5))):
                yield _request(dice, at_us, who, path, _HTML, 200 if path == "/" else 404)
                at_us += dice.randrange(clock.SECOND_US)
        case _:
            who = _caller(dice, _agent(dice))
            for _ in range(dice.randrange(5, 30)):
                yield _request(dice, at_us, who, _page(dice), _HTML, 200)
                at_us += dice.randrange(clock.SECOND_US)


def _reader(dice: random.Random, at_us: int, who: Caller) -> Iterator[Request]:
    referrer = dice.choice(_REFERRERS)
    query = "utm_source=letter&utm_medium=email&utm_campaign=november" if dice.random() < 0.03 else ""
    for number in range(min(int(dice.expovariate(0.5)) + 1, 20)):
        status = dice.choices((200, 304, 404, 301, 500), (80, 12, 4, 3, 1))[0]
        yield _request(
            dice, at_us, who, _page(dice), _HTML, status, "" if number else referrer, "" if number else query
        )
        for path, kind in _FILES if number == 0 and dice.random() < 0.8 else ():
            yield _request(dice, at_us + dice.randrange(500_000), who, path, kind, 200)
        if dice.random() < 0.5:
            picture = f"/media/{dice.randrange(400)}/1280.avif"
            yield _request(dice, at_us + dice.randrange(900_000), who, picture, "image/avif", 200)
        pause_s = dice.choice((5, 20, 60, 300, 1799, 1800, 1801, 3000))
        at_us += pause_s * clock.SECOND_US + dice.choice((0, 0, 1, dice.randrange(clock.SECOND_US)))


def _request(
    dice: random.Random, at_us: int, who: Caller, path: str, kind: str, status: int, ref: str = "", query: str = ""
) -> Request:
    line = Line(
        ts=at_us,
        visitor=who.visitor,
        rid=f"01K{dice.getrandbits(80):020X}",
        method="HEAD" if dice.random() < 0.01 else "GET",
        path=path,
        query=query,
        status=status,
        bytes=0 if status == 304 else int(dice.lognormvariate(9, 1)),
        us=int(dice.lognormvariate(7, 1)),
        type=kind,
        ref=ref,
        ua=who.agent,
        country=who.country,
    )
    return Request(line, who.address)


def _caller(dice: random.Random, agent: str) -> Caller:
    number = dice.getrandbits(31)
    address = f"{number >> 24 | 1}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return Caller(address, f"{dice.getrandbits(64):016x}", agent, dice.choice(_COUNTRIES))


def _page(dice: random.Random) -> str:
    number = min(int(dice.paretovariate(0.7)), 2_000)
    return "/" if number == 1 else f"/posts/a-post-of-some-length-{number}"


def _agent(dice: random.Random) -> str:
    version = dice.randrange(120, 146)
    match dice.randrange(4):
        case 0:
            return _FIREFOX.format(dice.choice(_DESKTOPS), version, version)
        case 1:
            return _SAFARI.format(dice.randrange(15, 19), dice.randrange(7), dice.randrange(15, 19), dice.randrange(7))
        case 2:
            return _CHROME.format("Linux; Android 10; K", version, 0, dice.randrange(10), "Mobile ")
        case _:
            return _CHROME.format(dice.choice(_DESKTOPS), version, dice.randrange(12), 0, "")
