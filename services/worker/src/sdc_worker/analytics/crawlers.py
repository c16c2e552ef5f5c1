"""Bots that say so in their User-Agent: by the list of crawler-user-agents, and by words that no browser uses."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ua_parser_rs import UserAgentExtractor

BEHAVIOUR = "behaviour"
"""The kind of a bot that no word of its own, only what it did on a day, gives away."""

KINDS = {
    "ai-crawler": "ai",
    "search-engine": "search",
    "feed-reader": "feed",
    "social-preview": "social",
    "monitoring": "monitor",
    "archiver": "archive",
    "academic": "academic",
    "seo": "seo",
    "advertising": "ads",
    "scanner": "scanner",
    "browser-automation": "automation",
    "http-library": "library",
}
"""Our kinds for the list's tags, the more telling first: a bot of two tags is of the first."""

_UNKNOWN = "other"
_UNNAMED = "declared"

_NAMED = {
    **dict.fromkeys(
        ("applebot-extended", "google-extended", "googleother", "meta-externalfetcher", "imagesiftbot", "pangubot"),
        "ai",
    ),
    **dict.fromkeys(("timpibot", "youbot", "omgili", "amazonbot", "diffbot", "facebookbot"), "ai"),
    **dict.fromkeys(("miniflux", "netnewswire", "newsblur", "inoreader", "freshrss", "feedly"), "feed"),
    **dict.fromkeys(("duckduckbot", "petalbot"), "search"),
    "mastodon": "social",
}
"""Bots that the list does not know, or under another kind: those that gather for language models above all."""

_NAMES = re.compile(rf"\b({'|'.join(_NAMED)})\b")

_BOTS = re.compile(
    r"(?<!cu)bot(?:\b|[_\-])|crawl|spider|slurp|scrape|fetch(?:er)?\b|preview|monitor|headless|lighthouse|phantomjs|selenium|"
    r"puppeteer|playwright|feed ?(?:parser|reader|fetcher)?\b|\brss|^curl\b|^wget\b|python-requests|python-urllib|"
    r"aiohttp/|python-httpx|^go-http-client|^java/|okhttp|libwww|axios/|node-fetch|^ruby|^php|guzzle|scrapy|httpclient|"
    r"nikto|sqlmap|nmap|masscan|zgrab|nuclei|wpscan|check_http|validator|facebookcatalog|^mozilla/5\.0$"
)
"""In small letters, which takes a third of the time that leaving case out does. Cubot makes telephones."""


class Crawler(NamedTuple):
    """A bot of the list."""

    name: str
    kind: str


def declared(user_agent: str) -> tuple[str, str]:
    """Name and kind of a bot that says that it is one; twice nothing for anything else."""
    small = user_agent.lower()
    if named := _NAMES.search(small):
        return named[1], _NAMED[named[1]]
    extractor, listed = _list()
    if found := extractor.extract(user_agent):
        return listed[int(found.family)]
    if not user_agent or _BOTS.search(small):
        return _UNNAMED, _UNKNOWN
    return "", ""


@lru_cache(maxsize=1)
def _list() -> "tuple[UserAgentExtractor, list[Crawler]]":
    """The list as one matcher in Rust, at a thirtieth of what one regular expression of Python's takes."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415
    from ua_parser_rs import UserAgentExtractor  # noqa: PLC0415

    listed, patterns = [], []
    for number, entry in enumerate(CRAWLER_USER_AGENTS_DATA):
        pattern = str(entry["pattern"])
        listed.append(_entry(pattern, [str(each) for each in entry["instances"]], entry.get("tags", ())))
        patterns.append((f"({pattern})", str(number), None, None, None, None))
    return UserAgentExtractor(patterns), listed


def _entry(pattern: str, instances: list[str], tags: object) -> Crawler:
    """The name is what the pattern finds in the list's own example, without the marks around it."""
    found = next((match[0] for each in instances if (match := re.search(pattern, each))), pattern)
    name = re.sub(r"[\\^$]", "", found).strip(" /-+(;:").lower()[:60] or _UNNAMED
    given = tags if isinstance(tags, list) else []
    kind = next((ours for tag, ours in KINDS.items() if tag in given), _UNKNOWN)
    return Crawler(name, kind)
