"""Idempotency-Key: what a request makes is made once, and a repeat gets the answer of the first.

Follows draft-ietf-httpapi-idempotency-key-header-07; a key without the quotation marks of a structured field will do.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, SdcError, Unavailable
from sdc_core.sqlite import Connection, Database, OperationalError

from sdc_web.api import answers, kept_answers
from sdc_web.api.kept_answers import Kept
from sdc_web.problems import AnyRequest
from sdc_web.tokens import ApiToken

HEADER = "Idempotency-Key"
UNFINISHED_US = 60 * clock.SECOND_US
"""After this long, whoever began is dead, and the request may be tried again."""
DEADLINE_S = 45.0
END_S = 5.0
_KEY = re.compile(r'"([ !#-\[\]-~]{1,255})"|([!#-+\--\[\]-~]{1,255})')
_REPEATED = ("etag", "location")


class InProgress(Conflict):
    """The same request is being done at this moment."""

    retry_after_s = 5


async def once(
    request: AnyRequest,
    ttl: Database,
    token: ApiToken,
    body_sha256: str,
    work: Callable[[str], Awaitable[Response[bytes]]],
) -> Response[bytes]:
    """The answer of `work`, done now or when the key first came; without a key, now.

    `work` is given the id of what it makes: the same one when a try that ended without an answer, by a crash or so, is
    followed by another, which then finds what was made. What `work` refuses for good is not remembered. Raises
    Invalid for a key that is none and for one of another request, InProgress while the first is being done.
    """
    key = _key(request)
    if key is None:
        return await work(clock.new_id())
    key_sha256 = _sha256(token.id, key)
    begun = await _begin(ttl, token.id, key_sha256, _fingerprint(request, body_sha256))
    if begun.status is not None:
        return _repeated(begun)
    deadline = asyncio.timeout(DEADLINE_S)
    try:
        async with deadline:
            answer = await work(begun.made_id)
    except Unavailable:
        # Part of it may be done: the repeat that is asked for goes on with the same id.
        await _end(ttl, key_sha256, kept_answers.release)
        raise
    except (SdcError, HTTPException):
        await _end(ttl, key_sha256, kept_answers.forget)
        raise
    except BaseException as error:
        await _end(ttl, key_sha256, kept_answers.release)
        if isinstance(error, TimeoutError) and deadline.expired():
            raise Unavailable("this took too long: send it again") from None
        raise
    await _finish(ttl, token.id, key_sha256, answer)
    return answer


async def _begin(ttl: Database, token_id: str, key_sha256: str, request_sha256: str) -> Kept:
    """What is to be done, or was. One transaction: of two at once, one works."""
    now_us = clock.now_us()
    async with ttl.transaction() as connection:
        kept = await kept_answers.find(connection, key_sha256, now_us)
        if kept is not None and kept.request_sha256 != request_sha256:
            raise Invalid("this key was used for another request: a new request needs a new key", field=HEADER)
        if kept is not None and kept.status is not None:
            return kept
        # Either way: a clock that was ahead may have been put right since.
        if kept is not None and abs(now_us - kept.started_at_us) < UNFINISHED_US:
            raise InProgress("the first request with this key is being done: ask again in a moment")
        made_id = kept.made_id if kept else clock.new_id()
        await kept_answers.begin(
            connection, key_sha256, token_id=token_id, request_sha256=request_sha256, made_id=made_id, now_us=now_us
        )
    return Kept(
        request_sha256=request_sha256,
        made_id=made_id,
        status=None,
        headers_json=None,
        answer=None,
        started_at_us=now_us,
    )


async def _finish(ttl: Database, token_id: str, key_sha256: str, answer: Response[bytes]) -> None:
    """What was made is answered even if it cannot be noted: a repeat then finds it by its id."""
    told = {name: value for name, value in answer.headers.items() if name in _REPEATED}
    headers_json = msgspec.json.encode(told).decode()
    with suppress(Unavailable, OperationalError):
        async with ttl.transaction() as connection:
            status = answer.status_code or 200
            await kept_answers.finish(connection, key_sha256, status, headers_json, answer.content)
            await kept_answers.make_room(connection, token_id)


async def _end(ttl: Database, key_sha256: str, how: Callable[[Connection, str], Awaitable[None]]) -> None:
    """With a deadline of its own, for the caller may be cancelled; should it fail, `UNFINISHED_US` is the bound."""
    with suppress(TimeoutError, Unavailable, OperationalError):
        async with asyncio.timeout(END_S), ttl.transaction() as connection:
            await how(connection, key_sha256)


def _repeated(kept: Kept) -> Response[bytes]:
    told = msgspec.json.decode(kept.headers_json or "{}", type=dict[str, str])
    headers = {**answers.HEADERS, **told, "idempotent-replayed": "true"}
    return Response(kept.answer or b"", status_code=kept.status or 200, headers=headers, media_type="application/json")


def _key(request: AnyRequest) -> str | None:
    sent = request.headers.getall(HEADER, [])
    if not sent:
        return None
    found = _KEY.fullmatch(sent[0].strip()) if len(sent) == 1 else None
    if found is None:
        raise Invalid('a key has 1 to 255 visible ASCII characters, as "8e03978e-40d5" does', field=HEADER)
    return found[1] or found[2]


def _fingerprint(request: AnyRequest, body_sha256: str) -> str:
    precondition = ",".join(request.headers.getall("if-match", []))
    query = request.scope["query_string"].decode("latin-1")
    return _sha256(request.method, request.scope["path"], query, precondition, body_sha256)


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()
