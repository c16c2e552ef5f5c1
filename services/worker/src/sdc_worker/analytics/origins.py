"""Where a reader came from: source and medium of a referring host, and what a campaign's address says of itself.

The hosts are those of Ghost's referrer list (`lists/referrers.json`), and some that it has not: assistants and the
fediverse.
"""

from functools import lru_cache
from importlib import resources
from urllib.parse import parse_qsl

import msgspec

DIRECT = "direct"
REFERRAL = "referral"
_LONGEST = 100
_MEDIUM = {"unknown": REFERRAL}

_MORE = {
    "chatgpt.com": ("ChatGPT", "ai"),
    "chat.openai.com": ("ChatGPT", "ai"),
    "perplexity.ai": ("Perplexity", "ai"),
    "claude.ai": ("Claude", "ai"),
    "gemini.google.com": ("Gemini", "ai"),
    "copilot.microsoft.com": ("Copilot", "ai"),
    "chat.deepseek.com": ("DeepSeek", "ai"),
    "chat.mistral.ai": ("Mistral", "ai"),
    "grok.com": ("Grok", "ai"),
    "meta.ai": ("Meta AI", "ai"),
    "phind.com": ("Phind", "ai"),
    "poe.com": ("Poe", "ai"),
    "you.com": ("You.com", "ai"),
    "kagi.com": ("Kagi", "search"),
    "search.marginalia.nu": ("Marginalia", "search"),
    "bsky.app": ("Bluesky", "social"),
    "threads.net": ("Threads", "social"),
    "lobste.rs": ("Lobsters", "social"),
    "news.ycombinator.com": ("Hacker News", "social"),
    "mastodon.social": ("Mastodon", "social"),
    "mastodon.online": ("Mastodon", "social"),
    "mstdn.social": ("Mastodon", "social"),
    "mas.to": ("Mastodon", "social"),
    "fosstodon.org": ("Mastodon", "social"),
    "hachyderm.io": ("Mastodon", "social"),
    "infosec.exchange": ("Mastodon", "social"),
    "chaos.social": ("Mastodon", "social"),
    "lemmy.world": ("Lemmy", "social"),
    "lemmy.ml": ("Lemmy", "social"),
    "pixelfed.social": ("Pixelfed", "social"),
}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Source: a name, a bare host, or what `utm_source`, `ref` or `source` say, in small letters, so that it is one
    however it is written; empty for who came by themselves.
    """

    source: str
    medium: str
    campaign: str


class Listed(msgspec.Struct, frozen=True):
    """A host of the list."""

    source: str
    medium: str


def origin(host: str, query: str) -> Origin:
    """Of a referring host, empty when there was none, and of the query's part that names a campaign."""
    told = _told(query) if query else {}
    tagged = _bare((told.get("utm_source") or told.get("ref") or told.get("source") or "").lower())
    # Of `google` and `google.com` people write the one or the other.
    source, medium = _known(f"{tagged}.com" if tagged and "." not in tagged else tagged or host)
    if not source:
        source, medium = (tagged, "campaign") if tagged else (host.removeprefix("www."), REFERRAL if host else DIRECT)
    return Origin(
        source=source[:_LONGEST],
        medium=(told.get("utm_medium", "").lower() or medium)[:_LONGEST],
        campaign=told.get("utm_campaign", "")[:_LONGEST],
    )


def _bare(tagged: str) -> str:
    """The host of an address, which some sites give in the place of a name."""
    if not tagged.startswith(("http://", "https://")):
        return tagged
    return tagged.partition("://")[2].partition("/")[0] or tagged


def _told(query: str) -> dict[str, str]:
    """The first of each name; a query that is none says nothing."""
    try:
        pairs = parse_qsl(query, max_num_fields=40)
    except ValueError:
        return {}
    return {name: value.strip() for name, value in reversed(pairs)}


def _known(host: str) -> tuple[str, str]:
    """Name and medium of a host or of the nearest one above it that is listed."""
    labels = host.split(".")
    if len(labels) > 8:
        return "", ""
    if labels[0] in ("mastodon", "mstdn"):
        return "Mastodon", "social"
    for at in range(len(labels) - 1):
        name = ".".join(labels[at:])
        if (more := _MORE.get(name)) is not None:
            return more
        if (listed := _hosts().get(name)) is not None:
            return listed.source, _MEDIUM.get(listed.medium, listed.medium)
    return "", ""


@lru_cache(maxsize=1)
def _hosts() -> dict[str, Listed]:
    text = resources.files("sdc_worker.analytics").joinpath("lists", "referrers.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Listed])
