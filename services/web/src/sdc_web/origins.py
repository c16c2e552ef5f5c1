"""What counts as one address, wherever requests of one are counted."""

import ipaddress


def of(address: str) -> str:
    """The address; of IPv6 the first half, since whoever has one address there has the whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(parsed), 64), strict=False)) if parsed.version == 6 else str(parsed)
