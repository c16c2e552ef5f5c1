"""What a User-Agent says of browser, system, device and bot, by short ordered lists of its tokens.

The lists know the families that make up nearly all traffic, and bots that declare themselves; what they do not know is
`other`. A bot that poses as a browser is counted as one.
"""

import re
from functools import lru_cache

import msgspec

OTHER = "Other"

_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/|\bOPT/|\bOPiOS/|\bOpera\b")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bVersion/[\d.]+.*\bSafari/|\biP(?:hone|ad|od)\b.*\bAppleWebKit/")),
)
"""Edge, Opera and Samsung name Chrome as well, and Chrome names Safari: the more particular comes first."""

_SYSTEMS = (
    ("iOS", re.compile(r"\biP(?:hone|ad|od)\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac(?:intosh| OS X)\b")),
    ("Linux", re.compile(r"\b(?:Linux|X11|CrOS)\b")),
)

_TABLET = re.compile(r"\biPad\b|\bTablet\b|\bAndroid\b(?!.*\bMobile\b)")
_MOBILE = re.compile(r"\bMobile\b|\biPhone\b|\biPod\b|\bAndroid\b")

_NAMED_BOTS = re.compile(
    r"GPTBot|ChatGPT-User|OAI-SearchBot|ClaudeBot|Claude-Web|Claude-User|Claude-SearchBot|anthropic-ai|PerplexityBot|"
    r"Perplexity-User|Google-Extended|GoogleOther|Google-CloudVertexBot|Gemini-Deep-Research|Applebot-Extended|Applebot|"
    r"Bytespider|CCBot|Meta-ExternalAgent|Meta-ExternalFetcher|FacebookBot|facebookexternalhit|Amazonbot|cohere-ai|"
    r"DuckAssistBot|DuckDuckBot|MistralAI-User|YouBot|Diffbot|ImagesiftBot|Timpibot|PanguBot|PetalBot|Ai2Bot|omgili|"
    r"Googlebot|AdsBot-Google|Mediapartners-Google|APIs-Google|Feedfetcher-Google|Google-InspectionTool|bingbot|"
    r"BingPreview|YandexBot|Baiduspider|Sogou (?:web|inst|pic|news) spider|SemrushBot|AhrefsBot|MJ12bot|DotBot|"
    r"Twitterbot|LinkedInBot|Slackbot|"
    r"Discordbot|TelegramBot|WhatsApp|Mastodon|UptimeRobot|Pingdom|Feedly|NewsBlur|Inoreader|Miniflux|FreshRSS|"
    r"NetNewsWire|archive\.org_bot",
    re.IGNORECASE,
)
# Cubot makes telephones.
_BOTS = re.compile(
    r"(?<!cu)bot(?:\b|[_\-])|crawl|spider|slurp|scrape|fetch(?:er)?\b|preview|monitor|headless|lighthouse|phantomjs|selenium|"
    r"puppeteer|playwright|feed ?(?:parser|reader|fetcher)?\b|\brss|^curl\b|^wget\b|python-requests|python-urllib|"
    r"aiohttp/|python-httpx|^go-http-client|^java/|okhttp|libwww|axios/|node-fetch|^ruby|^php|guzzle|scrapy|httpclient|"
    r"nikto|sqlmap|nmap|masscan|zgrab|nuclei|wpscan|check_http|validator|facebookcatalog|^mozilla/5\.0$",
    re.IGNORECASE,
)


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Families of a User-Agent. `bot` is its name, lower case, or `declared` where it only says that it is one; empty
    for anything that passes as a person's browser.
    """

    browser: str
    os: str
    device: str
    bot: str


@lru_cache(maxsize=8192)
def classify(user_agent: str) -> Agent:
    """The families of a User-Agent; one that is empty is a bot, since every browser sends one."""
    return Agent(
        browser=_first(_BROWSERS, user_agent),
        os=_first(_SYSTEMS, user_agent),
        device=_device(user_agent),
        bot=_bot(user_agent),
    )


def _first(families: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str) -> str:
    return next((name for name, pattern in families if pattern.search(user_agent)), OTHER)


def _device(user_agent: str) -> str:
    if _TABLET.search(user_agent):
        return "tablet"
    return "mobile" if _MOBILE.search(user_agent) else "desktop"


def _bot(user_agent: str) -> str:
    if named := _NAMED_BOTS.search(user_agent):
        return named[0].lower()
    return "declared" if not user_agent or _BOTS.search(user_agent) else ""
