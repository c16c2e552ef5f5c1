"""Whether a request comes from a page of this site: only such a one may change anything."""

from collections.abc import Iterable

from sdc_core.errors import Forbidden


def require(headers: Iterable[tuple[bytes, bytes]], site_url: str) -> None:
    """Raises Forbidden unless the browser says that our own page, or the person at the address bar, sends this.

    `Sec-Fetch-Site` decides where it is there; browsers without it must show our `Origin`. Neither of them, no write.
    """
    sent = {name.lower(): value.decode("latin-1") for name, value in headers}
    fetch_site, origin = sent.get(b"sec-fetch-site"), sent.get(b"origin")
    if fetch_site is not None:
        allowed = fetch_site in ("same-origin", "none")
    else:
        allowed = origin is not None and _is_ours(origin, sent.get(b"host", ""), site_url)
    if not allowed:
        raise Forbidden("this request came from another site, and was refused: open the page again and repeat it there")


def _is_ours(origin: str, host: str, site_url: str) -> bool:
    """Origin is the site's public one, or that of the very address at which this process was asked; without https only
    where nobody stands between, since whoever can write into the answers of a plain address has its origin.
    """
    if origin == site_url:
        return True
    plain = not site_url.startswith("https://") or host.partition(":")[0] in ("localhost", "127.0.0.1")
    return bool(host) and (origin == f"https://{host}" or (plain and origin == f"http://{host}"))
