"""Asking one address outside whether something is there: politely, and never one of this machine or its network."""

from typing import Literal, TypeAlias
from urllib.parse import urljoin

import msgspec
from sdc_core import outside
from sdc_core.attempts import Attempt

from sdc_web.posts.backlinks import outward_url

State: TypeAlias = Literal["ok", "moved", "doubtful", "dead"]
"""`doubtful`: it refuses programs, or does not answer now. `moved`: it leads on to another address for good."""

HOPS = 5
ANSWER_S = 5.0
TOO_MANY = 429
NOT_MODIFIED = 304
UNREACHED = 0
_GONE = frozenset({404, 410})
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is there. `failed` says that it may well answer another time; `reason` is empty where all is well."""

    state: State
    status: int
    reason: str = ""
    moved_to: str = ""
    etag: str = ""
    failed: bool = False
    retry_after_s: int = 0


async def look(url: str, etag: str, site_url: str, *, private: bool = False) -> Found:
    """Follow an address to its end. HEAD first; GET, of which the beginning is read, where that is not answered well:
    many servers know HEAD badly. `etag` is what the same address answered before. `private` is for tests.
    """
    headers = {"user-agent": f"SDC-link-check-bot/1 (+{site_url})", "accept": "*/*"}
    at, for_good = url, True
    for _ in range(HOPS):
        answer = await _ask(at, headers, etag if at == url else "", private=private)
        if answer.status not in _LEADS_ON:
            return _judged(answer, url, at if for_good else url)
        for_good = for_good and answer.status in _FOR_GOOD
        following = outward_url(urljoin(at, answer.location)) if answer.location else ""
        if not following:
            return Found(state="doubtful", status=answer.status, reason="it leads on to no address", failed=True)
        at = following
    return Found(state="doubtful", status=0, reason=f"it leads on more than {HOPS} times", failed=True)


async def _ask(url: str, headers: dict[str, str], etag: str, *, private: bool) -> Attempt:
    answer = await outside.head(url, headers, timeout_s=ANSWER_S, private=private)
    if answer.ok or answer.status in _LEADS_ON or answer.status == TOO_MANY or answer.error == outside.NOT_PUBLIC:
        return answer
    known = {"if-none-match": etag} if etag else {}
    return await outside.get(url, {**headers, **known}, timeout_s=ANSWER_S, private=private)


def _judged(answer: Attempt, asked: str, at: str) -> Found:
    if answer.ok or answer.status == NOT_MODIFIED:
        moved = at if at != asked else ""
        return Found(state="moved" if moved else "ok", status=answer.status, moved_to=moved, etag=answer.etag)
    if answer.status in _GONE:
        return Found(state="dead", status=answer.status, reason=f"it answers {answer.status}: nothing is there")
    if answer.error == outside.NOT_PUBLIC:
        return Found(state="doubtful", status=UNREACHED, reason=f"not looked at, for {answer.error}")
    if answer.status == UNREACHED or answer.status >= 500 or answer.status == TOO_MANY:
        reason = answer.error or f"it answers {answer.status}"
        failed = answer.status != TOO_MANY
        return Found(
            state="doubtful", status=answer.status, reason=reason, failed=failed, retry_after_s=answer.retry_after_s
        )
    return Found(state="doubtful", status=answer.status, reason=f"it answers {answer.status}, as some do to programs")
