"""Requests to addresses outside: a hub, an endpoint or a monitor that somebody has typed, GitHub.

A name may lead into this machine or its network, at once or the next time it is asked (CWE-918). So it is resolved
here, what it leads to is checked, and the connection goes to what was checked.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urldefrag, urljoin

import msgspec

from sdc_core import attempts, clock
from sdc_core.attempts import Attempt, httpx

SEND_S = 10.0
CONNECT_S = 3.0
"""To one address of a name; then the next one is tried."""
MAX_ADDRESSES = 3
MAX_HOPS = 5
"""Times that an address may lead on to another."""
NOT_PUBLIC = "its address is none of the public internet"
"""The reason of an attempt that was refused here."""

_ASKING = ThreadPoolExecutor(max_workers=4, thread_name_prefix="names")
"""Threads that wait for names. A resolver that does not answer holds one for half a minute, whoever gave up meanwhile:
it shall not hold those of `asyncio.to_thread`, which pages are made in."""
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_UNICAST = IPv6Network("2000::/3")
_6TO4 = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float = SEND_S,
    private: bool = False,
    whole: bool = False,
) -> Attempt:
    """POST once, through no proxy, without following it elsewhere; of the answer the beginning is read, with `whole`
    all of it, up to `attempts.MAX_ANSWER`.

    An address of this machine or its network is refused unless `private`; that is an attempt with its reason, too.
    """
    answer = _answer("POST", url, body, headers, timeout_s=timeout_s, private=private)
    return await attempts.make(answer, timeout_s, attempts.whole if whole else attempts.beginning)


async def get(
    url: str, headers: Mapping[str, str], *, timeout_s: float = SEND_S, private: bool = False, whole: bool = False
) -> Attempt:
    """GET in the same way; with `whole` all of the answer is read, up to `attempts.MAX_ANSWER`."""
    answer = _answer("GET", url, b"", headers, timeout_s=timeout_s, private=private)
    return await attempts.make(answer, timeout_s, attempts.whole if whole else attempts.beginning)


async def head(url: str, headers: Mapping[str, str], *, timeout_s: float = SEND_S, private: bool = False) -> Attempt:
    """HEAD in the same way."""
    answer = _answer("HEAD", url, b"", headers, timeout_s=timeout_s, private=private)
    return await attempts.make(answer, timeout_s, attempts.beginning)


async def fetch(
    url: str,
    headers: Mapping[str, str],
    *,
    timeout_s: float = SEND_S,
    private: bool = False,
    most_bytes: int = attempts.MAX_ANSWER,
) -> Attempt:
    """GET in the same way, for all of the answer, up to so many bytes."""
    answer = _answer("GET", url, b"", headers, timeout_s=timeout_s, private=private)
    return await attempts.make(answer, timeout_s, partial(attempts.whole, most_bytes=most_bytes))


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """The last attempt on the way from an address to what it leads to, and the address that was, without a fragment."""

    at: str
    attempt: Attempt


async def follow(url: str, headers: Mapping[str, str], *, timeout_s: float = SEND_S, private: bool = False) -> Followed:
    """GET the page at an address, on through at most `MAX_HOPS` redirects, each of which is resolved and checked as the
    first one is; all of it within `timeout_s`. Of the page `attempts.MAX_PAGE` bytes are read.
    """
    at, ends_us = urldefrag(url).url, clock.monotonic_us() + int(timeout_s * clock.SECOND_US)
    for _ in range(MAX_HOPS + 1):
        left_s = max(0.0, (ends_us - clock.monotonic_us()) / clock.SECOND_US)
        answer = _answer("GET", at, b"", headers, timeout_s=left_s, private=private)
        attempt = await attempts.make(answer, left_s, attempts.page)
        if attempt.status not in _LEADS_ON:
            return Followed(at=at, attempt=attempt)
        if not (following := _following(at, attempt.location)):
            return Followed(at=at, attempt=Attempt(error="it leads on to no address"))
        at = following
    return Followed(at=at, attempt=Attempt(error=f"it leads on more than {MAX_HOPS} times"))


def _following(at: str, location: str) -> str:
    """Empty where the header names nothing that can be asked for."""
    try:
        following = httpx.URL(urljoin(at, location)) if location else httpx.URL()
    except (httpx.InvalidURL, ValueError):
        return ""
    asked = following.scheme in ("http", "https") and following.host and not following.userinfo
    return str(following.copy_with(fragment=None)) if asked else ""


async def ping(url: str, *, timeout_s: float = SEND_S) -> str:
    """GET an address of the operator's, wherever it is; empty when it answered with 2xx in time, else the reason in
    words, which do not hold the address: it may be a secret.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s, follow_redirects=True) as client,
            client.stream("GET", url) as response,
        ):
            return "" if response.is_success else f"it answered {response.status_code}"
    except (httpx.TimeoutException, httpx.ConnectError, TimeoutError) as error:
        return attempts.words(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the address cannot be fetched ({type(error).__name__})"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether that is a host of the public internet, and no other one in disguise."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    within = IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address.ipv4_mapped
    if within:
        return is_public(within)
    return address in _UNICAST and address not in _6TO4 and address.is_global


@asynccontextmanager
async def _answer(
    method: str, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, private: bool
) -> AsyncGenerator[httpx.Response]:
    """The answer of the first address that takes the connection."""
    asked = httpx.URL(url)
    host = asked.raw_host.decode("ascii")
    addresses = [each for each in await _resolve(asked, host) if private or is_public(each)]
    if not addresses:
        raise httpx.UnsupportedProtocol(NOT_PUBLIC)
    # Reads the machine's certificates, which takes as long as twenty requests.
    verify = await asyncio.to_thread(httpx.create_ssl_context) if asked.scheme == "https" else False
    timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
    async with httpx.AsyncClient(timeout=timeout, verify=verify, trust_env=False, follow_redirects=False) as client:
        for left, address in reversed([*enumerate(reversed(addresses[:MAX_ADDRESSES]))]):
            request = client.build_request(
                method,
                asked.copy_with(host=str(address)),
                content=body,
                headers={**headers, "host": asked.netloc.decode("ascii"), "accept-encoding": "identity"},
                extensions={"sni_hostname": host},  # whose certificate is expected, too
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not left:
                    raise
                continue
            try:
                yield response
            finally:
                await response.aclose()
            return


async def _resolve(asked: httpx.URL, host: str) -> list[IPv4Address | IPv6Address]:
    """Where a name leads."""
    try:
        ask = partial(socket.getaddrinfo, host, asked.port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(_ASKING, ask)
    except (OSError, UnicodeError):
        raise httpx.UnsupportedProtocol("its name leads nowhere") from None
    return list(dict.fromkeys(ip_address(each[4][0]) for each in found))
