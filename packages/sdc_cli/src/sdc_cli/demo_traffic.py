"""Two months of readers for the demo: lines of an access log, made up the same way each time, for the worker."""

import hashlib
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec
from sdc_core import access_log, clock
from sdc_core.access_log import Line
from sdc_core.service_client import ServiceClient

from sdc_cli.logs import SEAL

SLOT = "999"
DAYS = 62
READERS_A_DAY = 42
RETURNS, BOUNCES = 0.16, 0.52
LATEST_S = 23.4 * 3_600
"""Of a day; who is there then is gone by its end."""
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
_PEOPLE = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36": 9,
    f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36": 8,
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1": 8,
    f"{_MAC} {_SAFARI} Safari/605.1.15": 4,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": 4,
    f"{_MAC} {_CHROME} Safari/537.36": 3,
    f"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1": 2,
}
_ORIGINS = {
    "": 30,
    "www.google.com": 18,
    "news.ycombinator.com": 7,
    "mastodon.social": 6,
    "duckduckgo.com": 5,
    "chatgpt.com": 4,
    "lobste.rs": 3,
    "a-friend.example.net": 3,
    "www.bing.com": 2,
    "github.com": 2,
}
_CAMPAIGNS = {"utm_source=newsletter&utm_medium=email&utm_campaign=autumn": 2, "utm_source=talk&utm_campaign=slides": 1}
_COUNTRIES = dict(zip(("DE", "US", "CH", "GB", "FR", "NL", "AT", "CA", "JP", "SE", ""), range(22, 0, -2), strict=True))
_BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 7,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": 6,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)": 5,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": 4,
    "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)": 3,
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)": 3,
    "curl/8.5.0": 1,
}
_FEED_READERS = {
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 38 subscribers; like FeedFetcher-Google)": 1,
    "Miniflux/2.2.13 (https://miniflux.app)": 4,
    "NetNewsWire (RSS Reader; https://netnewswire.com/)": 4,
    "FreshRSS/1.27.0 (Linux; https://freshrss.org)": 3,
}
"""With how many of each ask."""
_IN_VAIN = {"/wp-login.php": 6, "/2019/05/fog.html": 5, "/post/the-lamp": 4, "/.env": 2, "/favicon-old.ico": 1}


async def send(worker: ServiceClient, paths: Sequence[str]) -> None:
    """Two months up to yesterday, as web would have shipped them. Raises Unavailable when the worker takes them not."""
    today = date.fromisoformat(clock.today())
    for ago in range(DAYS, 0, -1):
        day = (today - timedelta(days=ago)).isoformat()
        body = b"".join(map(access_log.encode, sorted(lines(day, ago, paths), key=lambda line: line.ts)))
        closing = msgspec.json.encode({"length": len(body), "sha256": hashlib.sha256(body).hexdigest()})
        put = await worker.send("PUT", f"/logs/{SLOT}/{day}", query={"at": "0"}, body=body)
        put.raise_unless_ok("the worker")
        closed = await worker.send("POST", f"/logs/{SLOT}/{day}/close", body=closing)
        closed.raise_unless_ok("the worker")
    # At once and not within the hour: so many days that are not sealed take more memory than the statistics have.
    sealing = await worker.send("POST", f"/jobs/{SEAL}/runs", message_id=f"run_{clock.new_id()}")
    sealing.raise_unless_ok("the worker")


def lines(day: str, ago: int, paths: Sequence[str]) -> Iterator[Line]:
    """A day's requests, in no order: weeks have quieter ends, the site grows, and one day a large site links here."""
    dice = random.Random(f"{day[5:]}{ago}")  # noqa: S311 - the same readers each time
    start = (date.fromisoformat(day) - clock.EPOCH.date()).days * clock.DAY_US
    quiet = 0.65 if date.fromisoformat(day).weekday() >= 5 else 1.0
    noticed = 3.4 * math.exp(-(11 - ago) / 1.6) if 7 <= ago <= 11 else 0.0
    people = round(READERS_A_DAY * quiet * (1.5 - ago / DAYS / 1.4) * dice.uniform(0.8, 1.2) * (1 + noticed))
    for _ in range(people):
        yield from _reader(dice, start, paths, noticed=dice.random() < noticed / (1 + noticed))
    yield from _programs(dice, start, paths)


def _reader(dice: random.Random, start: int, paths: Sequence[str], *, noticed: bool) -> Iterator[Line]:
    """Somebody, who may look in again some hours later, by themselves."""
    person = Line(
        ts=_when(dice, start),
        visitor=f"{dice.getrandbits(64):016x}",
        path="/",
        status=200,
        ua=_one(dice, _PEOPLE),
        country=_one(dice, _COUNTRIES),
    )
    ref = "news.ycombinator.com" if noticed else _one(dice, _ORIGINS)
    yield from _visit(dice, person, paths, ref=ref, liked=paths[0] if noticed else "")
    at = person.ts
    while dice.random() < RETURNS:
        at += round(dice.uniform(0.8, 6) * 3_600) * clock.SECOND_US
        if at > start + LATEST_S * clock.SECOND_US:
            return
        yield from _visit(dice, msgspec.structs.replace(person, ts=at), paths, ref="", liked="")


def _visit(dice: random.Random, person: Line, paths: Sequence[str], *, ref: str, liked: str) -> Iterator[Line]:
    """Half leave after one page; the others read on for a while."""
    query = _one(dice, _CAMPAIGNS) if not ref and dice.random() < 0.2 else ""
    at = person.ts
    for number in range(1 if dice.random() < BOUNCES else 2 + min(int(dice.expovariate(0.6)), 9)):
        path = liked or paths[min(int(dice.expovariate(0.45)), len(paths) - 1)]
        if number or not (ref or dice.random() < 0.4):
            path = dice.choice(["/", "/posts", *paths])
        yield _page(dice, person, ts=at, path=path, ref="" if number else ref, query="" if number else query)
        if not number:
            yield _page(dice, person, ts=at + 80_000, path="/static/css/site.css", type="text/css")
        at += min(round(dice.lognormvariate(4.1, 0.9)), 200) * clock.SECOND_US
    if dice.random() < 0.05:
        yield _page(dice, person, ts=at, path="/media/plan/lamp-plan.pdf", type="application/pdf")


def _programs(dice: random.Random, start: int, paths: Sequence[str]) -> Iterator[Line]:
    """Bots, readers of feeds, and who looks for what is not here."""
    for _ in range(dice.randrange(30, 60)):
        agent = _one(dice, _BOTS)
        yield _page(dice, _program(agent), ts=_when(dice, start), path=dice.choice(paths))
    for agent, count in _FEED_READERS.items():
        for number in range(count * 6):
            asking = _program(agent, number % count)
            status = dice.choice([200, 304, 304])
            yield _page(
                dice, asking, ts=_when(dice, start), path="/feed.xml", type="application/atom+xml", status=status
            )
    for number in range(dice.randrange(4, 14)):
        agent = _one(dice, _PEOPLE)
        yield _page(dice, _program(agent, number), ts=_when(dice, start), path=_one(dice, _IN_VAIN), status=404)


def _program(agent: str, number: int = 0) -> Line:
    visitor = hashlib.blake2b(f"{agent}{number}".encode(), digest_size=8).hexdigest()
    return Line(ts=0, visitor=visitor, path="/", status=200, ua=agent)


def _page(dice: random.Random, asking: Line, **fields: str | int) -> Line:
    """What was answered: HTML of some size in some time, unless the fields say otherwise."""
    answered = {
        "type": "text/html",
        "bytes": 0 if fields.get("status") == 304 else round(dice.lognormvariate(9.4, 0.6)),
        "us": round(dice.lognormvariate(7.2, 0.7)),
    }
    return msgspec.structs.replace(asking, **{**answered, **fields})


def _when(dice: random.Random, start: int) -> int:
    """A moment of the day; more of them in the afternoon, none in its last half hour."""
    second = min(max(dice.gauss(15, 4.5) * 3_600, 360.0), LATEST_S)
    return start + round(second * clock.SECOND_US)


def _one(dice: random.Random, weighed: Mapping[str, int]) -> str:
    return dice.choices(list(weighed), list(weighed.values()))[0]
