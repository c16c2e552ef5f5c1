"""The words for each audience: a WebSub hub hears of feeds, search engines that know IndexNow of addresses."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import msgspec
from sdc_core import clock, outside
from sdc_core.attempts import Attempt
from sdc_core.settings import Settings

from sdc_web.announcements.store import Feed

INDEXNOW = "https://api.indexnow.org/indexnow"
"""Hands on to every search engine that takes part."""
KEY_PATH = "/{key}.txt"
SEND_S = 10.0
ROUND_S = 60.0
"""After this long no further feed is told in a round."""
_OF_ONE_FEED = range(400, 500)
_OF_THE_HUB = frozenset({401, 403, 408, 429})


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub was told, and the attempt that failed, if one did; where none did the others may be told at once."""

    told: tuple[Feed, ...]
    failed: Attempt | None


async def to_hub(settings: Settings, feeds: Sequence[Feed]) -> Heard:
    """Hubs disagree on the name of the field, and on whether it may be repeated: both names, one feed at a time.

    A feed that is refused is passed over; a hub that does not answer, or asks for a pause, is left alone.
    """
    ends_us = clock.monotonic_us() + int(ROUND_S * clock.SECOND_US)
    told: list[Feed] = []
    failed: Attempt | None = None
    for feed in feeds:
        topic = settings.site_url + feed.path
        form = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
        attempt = await _post(settings.WEBSUB_HUB, form.encode(), "application/x-www-form-urlencoded")
        if attempt.ok:
            told.append(feed)
        else:
            failed = attempt
            if attempt.status not in _OF_ONE_FEED or attempt.status in _OF_THE_HUB:
                break
        if clock.monotonic_us() >= ends_us:
            break
    return Heard(told=tuple(told), failed=failed)


async def to_search_engines(settings: Settings, paths: Sequence[str]) -> Attempt:
    """All addresses in one request."""
    key = settings.INDEXNOW_KEY
    told = {
        "host": urlsplit(settings.site_url).netloc,
        "key": key,
        "keyLocation": settings.site_url + KEY_PATH.format(key=key),
        "urlList": [settings.site_url + path for path in paths],
    }
    return await _post(INDEXNOW, msgspec.json.encode(told), "application/json; charset=utf-8")


async def _post(url: str, body: bytes, content_type: str) -> Attempt:
    """Of the addresses that lead into this machine only the one that says so is asked: a hub beside the site."""
    beside = urlsplit(url).hostname == "127.0.0.1"
    return await outside.post(url, body, {"content-type": content_type}, timeout_s=SEND_S, private=beside)
