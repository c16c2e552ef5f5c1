"""What counts as one address, wherever requests of one are counted, or as this machine."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_OF_PROXIES = frozenset(
    {"x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via", "cf-connecting-ip"}
)


def of(address: str) -> str:
    """The address; of IPv6 the first half, since whoever has one address there has the whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(parsed), 64), strict=False)) if parsed.version == 6 else str(parsed)


def is_here(address: str, headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers comes from this machine. Behind a proxy of it everyone would seem to, so one
    that was forwarded counts as from elsewhere, and so does one for another name than the machine's own: a proxy may
    pass that on and say nothing of itself.
    """
    if _OF_PROXIES & {name.lower() for name in headers}:
        return False
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        return ipaddress.ip_address(address).is_loopback and (
            name == "localhost" or ipaddress.ip_address(name).is_loopback
        )
    except ValueError:
        return False
