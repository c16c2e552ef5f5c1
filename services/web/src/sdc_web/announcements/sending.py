"""The words for each audience: a WebSub hub hears of feeds, search engines that know IndexNow of addresses."""

import asyncio
from urllib.parse import urlencode, urlsplit

import msgspec
from sdc_core import outside
from sdc_core.attempts import Attempt
from sdc_core.settings import Settings

from sdc_web.announcements.store import Name

INDEXNOW = "https://api.indexnow.org/indexnow"
"""Hands on to every search engine that takes part."""
KEY_PATH = "/{key}.txt"
SEND_S = 10.0
ROUND_S = 60.0


async def send(settings: Settings, name: Name, paths: list[str], feeds: tuple[str, ...]) -> Attempt:
    try:
        async with asyncio.timeout(ROUND_S):
            match name:
                case "websub":
                    return await _to_hub(settings, feeds)
                case "indexnow":
                    return await _to_search_engines(settings, paths)
    except TimeoutError:
        return Attempt(error="it did not take everything in time")


async def _to_hub(settings: Settings, feeds: tuple[str, ...]) -> Attempt:
    """Hubs disagree on the name of the field, and on whether it may be repeated: both names, one feed at a time."""
    attempt = Attempt(status=204)
    for feed in feeds:
        topic = settings.site_url + feed
        form = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
        attempt = await _post(settings.WEBSUB_HUB, form.encode(), "application/x-www-form-urlencoded")
        if not attempt.ok:
            break
    return attempt


async def _to_search_engines(settings: Settings, paths: list[str]) -> Attempt:
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
