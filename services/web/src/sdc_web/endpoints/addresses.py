"""Which addresses an endpoint may have. Where a name leads is asked with each attempt, by `sdc_core.outside`."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from sdc_core import outside
from sdc_core.errors import Invalid

MAX_URL = 2_000
_NOT_PUBLIC = "it leads into this machine or its network: allow that with SDC_WEBHOOKS_PRIVATE, or choose another"


def checked(typed: str, *, private: bool) -> str:
    """The address as it is kept. Raises Invalid for one that is none, that names no host of the public internet, or
    over which everybody on the way could read; `private` allows the latter two.
    """
    url = typed.strip()
    parts = _split(url)
    if parts is None or len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid("write an address such as https://example.org/hook", field="url")
    if parts.username is not None or parts.fragment:
        raise Invalid("an address has neither a name nor a password in it, nor anything after a #", field="url")
    if parts.scheme != "https" and not private:
        raise Invalid("the address must begin with https://", field="url")
    if not private and not _may_be_public(parts.hostname or ""):
        raise Invalid(_NOT_PUBLIC, field="url")
    return url


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _may_be_public(host: str) -> bool:
    try:
        return outside.is_public(ip_address(host))
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))
