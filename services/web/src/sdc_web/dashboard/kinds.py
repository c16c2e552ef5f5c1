"""The dimensions of the statistics: how each is told, and which of them a part of the page shows."""

import msgspec
from sdc_core.answers.analytics import NOT, Dimension, FilterName

from sdc_web.reports import countries

UNKNOWN = "not known"
FILTER_LABELS: dict[FilterName, str] = {
    "path": "Page",
    "entry": "First page",
    "exit": "Last page",
    "source": "Source",
    "medium": "Kind of source",
    "campaign": "Campaign",
    "term": "Term of a campaign",
    "content": "Content of a campaign",
    "referrer": "Site they come from",
    "country": "Country",
    "browser": "Browser",
    "os": "System",
    "device": "Device",
    "status": "Status",
    "type": "Media type",
    "bot": "Bot",
    "bot_kind": "Kind of bot",
    "kind": "Kind of request",
}


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How a dimension is told: `counts` are the two columns of numbers, the first of which the bars compare."""

    title: str
    key: str
    filter: FilterName | None
    counts: tuple[str, str] = ("visitors", "page_views")
    empty: str = "Nothing in this period"


KINDS: dict[Dimension, Kind] = {
    "page": Kind(title="Pages", key="Page", filter="path"),
    "path": Kind(title="Addresses", key="Address", filter="path", counts=("requests", "bytes")),
    "entry": Kind(title="First pages of a visit", key="Page", filter="entry", counts=("visits", "bounces")),
    "exit": Kind(title="Last pages of a visit", key="Page", filter="exit"),
    "referrer": Kind(
        title="Sites they come from", key="Site", filter="referrer", empty="Nobody came from another site"
    ),
    "source": Kind(title="Sources", key="Source", filter="source", counts=("visitors", "visits")),
    "medium": Kind(title="Kinds of source", key="Kind", filter="medium", counts=("visitors", "visits")),
    "campaign": Kind(
        title="Campaigns",
        key="Campaign",
        filter="campaign",
        counts=("visitors", "visits"),
        empty="No address with utm_campaign was opened",
    ),
    "term": Kind(title="Terms of campaigns", key="Term", filter="term", counts=("visitors", "visits")),
    "content": Kind(title="Contents of campaigns", key="Content", filter="content", counts=("visitors", "visits")),
    "country": Kind(title="Countries", key="Country", filter="country"),
    "browser": Kind(title="Browsers", key="Browser", filter="browser"),
    "os": Kind(title="Systems", key="System", filter="os"),
    "device": Kind(title="Devices", key="Device", filter="device"),
    "status": Kind(title="Answers", key="Status", filter="status", counts=("requests", "bytes")),
    "type": Kind(title="Media types", key="Type", filter="type", counts=("bytes", "requests")),
    "kind": Kind(title="What was sent", key="Kind", filter="kind", counts=("bytes", "requests")),
    "heavy": Kind(title="Most bytes", key="Address", filter="path", counts=("bytes", "requests")),
    "missing": Kind(
        title="Not found",
        key="Address",
        filter="path",
        counts=("clients", "requests"),
        empty="Everything that was asked for is there",
    ),
    "missing_bots": Kind(title="Not found, asked by bots", key="Address", filter="path", counts=("requests", "bytes")),
    "feed": Kind(title="Feeds", key="Feed", filter="path", counts=("a_day", "requests")),
    "feed_reader": Kind(title="Readers of feeds", key="Program", filter=None, counts=("a_day", "requests")),
    "download": Kind(title="Downloads", key="File", filter="path", counts=("clients", "requests")),
    "bot": Kind(title="Bots, not counted as visitors", key="Bot", filter="bot", counts=("requests", "bytes")),
    "bot_kind": Kind(title="Kinds of bots", key="Kind", filter="bot_kind", counts=("requests", "bytes")),
    "crawled": Kind(title="Pages that AI crawlers take", key="Page", filter="path", counts=("requests", "bytes")),
    "reading": Kind(title="How pages are read", key="Page", filter="path", counts=("read_time", "depth")),
    "outbound": Kind(title="Sites that links lead to", key="Site", filter=None, counts=("clients", "clicks")),
}
ONLY_WHERE_TOLD: frozenset[Dimension] = frozenset({"reading", "outbound", "term", "content"})
"""What nothing is said of until pages tell how they are read, or links say so much of their campaign."""
HEADS = {
    "a_day": "A day",
    "visitors": "Visitors",
    "visits": "Visits",
    "bounces": "Bounces",
    "page_views": "Views",
    "requests": "Requests",
    "bytes": "Sent",
    "clients": "Clients",
    "clicks": "Clicks",
    "read_time": "In sight",
    "depth": "Down to",
}
PARTS: dict[str, tuple[Dimension, ...]] = {
    "overview": ("page", "source", "country", "device"),
    "pages": ("page", "entry", "exit", "download", "reading", "outbound"),
    "sources": ("source", "referrer", "medium", "campaign", "term", "content"),
    "readers": ("country", "browser", "os", "device"),
    "machines": ("feed", "feed_reader", "bot", "bot_kind", "crawled"),
    "server": ("missing", "status", "heavy", "kind", "missing_bots"),
}
"""What each part of the page asks of the worker; the last has answer times as well."""


def key_label(name: str, key: str) -> str:
    """A value as people read it; `name` is a dimension or a filter."""
    if name.removeprefix(NOT) == "country" and key:
        return countries.name(key)
    return key or UNKNOWN
