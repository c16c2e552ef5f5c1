"""Refusals that tell a program more than their problem document does elsewhere."""

import msgspec
from litestar import Response
from sdc_core.errors import Unauthorized

from sdc_web import problems
from sdc_web.api import answers
from sdc_web.api.once import InProgress
from sdc_web.authors.rights import BeyondScope
from sdc_web.media.uses import InUse
from sdc_web.posts import Stale
from sdc_web.problems import AnyRequest


class StaleProblem(problems.Problem, frozen=True, kw_only=True, omit_defaults=True):
    """412: `current` is what was saved in the meantime."""

    current: answers.RevisionText


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A post that shows the media asset, if only in an earlier revision."""

    post_id: str
    title: str


class InUseProblem(problems.Problem, frozen=True, kw_only=True, omit_defaults=True):
    """409 for a media asset that is shown: `uses` are at most five of the posts."""

    uses: tuple[Use, ...]


def challenge(request: AnyRequest, error: Unauthorized) -> Response[str] | Response[bytes]:
    """401 says how to come in, and whether what was sent was no token in force (RFC 6750 section 3)."""
    refused = problems.respond(request, error)
    tried = "authorization" in request.headers
    refused.headers["www-authenticate"] = 'Bearer error="invalid_token"' if tried else "Bearer"
    return refused


def beyond_scope(request: AnyRequest, error: BeyondScope) -> Response[str] | Response[bytes]:
    """403 says which scope is needed."""
    refused = problems.respond(request, error)
    refused.headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    return refused


def stale(_: AnyRequest, error: Stale) -> Response[bytes]:
    """412 with the newest revision, so that both texts can be compared without asking again."""
    told = msgspec.structs.asdict(problems.of(error))
    return _send(StaleProblem(**told, current=answers.revision_of(error.current)))


def in_use(_: AnyRequest, error: InUse) -> Response[bytes]:
    """409 with the posts that would lose a picture."""
    told = msgspec.structs.asdict(problems.of(error))
    return _send(InUseProblem(**told, uses=msgspec.convert(error.uses, tuple[Use, ...], from_attributes=True)))


def in_progress(request: AnyRequest, error: InProgress) -> Response[str] | Response[bytes]:
    """409 that ends by itself."""
    refused = problems.respond(request, error)
    refused.headers["retry-after"] = str(error.retry_after_s)
    return refused


def _send(problem: problems.Problem) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        headers={"cache-control": "no-store"},
        media_type="application/problem+json",
    )
