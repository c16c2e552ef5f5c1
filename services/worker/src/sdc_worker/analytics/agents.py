"""What a User-Agent says of browser, system and device, whether it is a bot, and of how many readers it speaks."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from ua_parser import Domain

from sdc_worker.analytics import crawlers

if TYPE_CHECKING:
    from ua_parser.regex import Resolver

OTHER = "Other"
LONGEST = 512
"""Characters of a User-Agent that are looked at: no browser's is longer."""

_SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS", "iPadOS": "iOS"}
_LINUX = frozenset({"Ubuntu", "Debian", "Fedora", "Arch Linux", "Gentoo", "Mint", "SUSE", "Red Hat", "CentOS"})
_WORN = re.compile(r" (?:Mobile(?: iOS)?|iOS)$")
_TABLET = re.compile(r"\biPad\b|\bTablet\b|\bAndroid\b(?!.*\bMobile\b)")
_MOBILE = re.compile(r"\bMobile\b|\biPhone\b|\biPod\b|\bAndroid\b")
_READERS = re.compile(r"\b([0-9]{1,9}) (?:subscribers?|readers?|users?)\b", re.IGNORECASE)


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Families of a User-Agent. `bot` is its name, lower case, and `bot_kind` one of `crawlers.KINDS`; both are empty
    for anything that passes as a person's browser. `readers` is how many a feed reader says to fetch for, else 0.
    """

    browser: str
    os: str
    device: str
    bot: str
    bot_kind: str
    readers: int


@lru_cache(maxsize=8192)
def classify(user_agent: str) -> Agent:
    """The families of a User-Agent; one that is empty is a bot, since every browser sends one."""
    shown = user_agent[:LONGEST]
    bot, kind = crawlers.declared(shown)
    told = _rules()(shown, Domain.USER_AGENT | Domain.OS)
    found = _READERS.search(shown) if bot else None
    return Agent(
        browser=_browser(told.user_agent.family) if told.user_agent else OTHER,
        os=_system(told.os.family) if told.os else OTHER,
        device=_device(shown),
        bot=bot,
        bot_kind=kind,
        readers=int(found[1]) if found else 0,
    )


def _browser(family: str) -> str:
    # "Chrome Mobile iOS", "Mobile Safari UI/WKWebView": one brand on every device.
    return "Safari" if family.startswith("Mobile Safari") else _WORN.sub("", family)


def _system(family: str) -> str:
    return "Linux" if family in _LINUX else _SYSTEMS.get(family, family)


def _device(user_agent: str) -> str:
    if _TABLET.search(user_agent):
        return "tablet"
    return "mobile" if _MOBILE.search(user_agent) else "desktop"


@lru_cache(maxsize=1)
def _rules() -> "Resolver":
    """The rules for browsers and systems, read when the first line is classified. Those for devices are left where they
    are: they tell models, which nobody counts, and take most of the memory.
    """
    from ua_parser import load_lazy_builtins  # noqa: PLC0415
    from ua_parser.regex import Resolver  # noqa: PLC0415

    browsers, systems, _ = load_lazy_builtins()
    return Resolver((browsers, systems, []))
