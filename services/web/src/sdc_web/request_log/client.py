"""Who a request comes from: the peer, or what a trusted proxy says of it."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from sdc_core.errors import Misconfigured

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxies:
    """The networks of `TRUSTED_PROXIES`, whose forwarding headers are believed."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(_network(text) for text in networks)

    def client(self, peer: str, forwarded_for: str) -> str:
        """The client's address in one spelling. `forwarded_for` is `X-Forwarded-For`, all of its values in one.

        Read from the right: each trusted hop vouches for the entry before it, and the first one that is not trusted is
        the client. Whatever stands further left is the client's own claim.
        """
        client = _spelled(peer)
        if not self.is_trusted(client):
            return client
        for entry in reversed(forwarded_for.split(",") if forwarded_for else []):
            address = _parse(entry)
            if address is None:
                break
            client = str(address)
            if not self.is_trusted(client):
                break
        return client

    def is_trusted(self, text: str) -> bool:
        """Whether the address is in one of them."""
        address = _parse(text)
        return address is not None and any(address in network for network in self._networks)


def truncated(text: str) -> str:
    """The network of an address: 24 bits of IPv4, 48 of IPv6; nothing for what is none."""
    address = _parse(text)
    if address is None:
        return ""
    bits = 24 if isinstance(address, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Misconfigured(f"SDC_TRUSTED_PROXIES: {text} is neither an address nor a network") from None


def _spelled(text: str) -> str:
    address = _parse(text)
    return text if address is None else str(address)


def _parse(text: str) -> Address | None:
    """An address with or without a port and brackets, as proxies write it; IPv4 inside IPv6 comes out as IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
