"""Refusals that tell a program more than their problem document does elsewhere."""

import msgspec
from litestar import Response
from sdc_core.errors import Unauthorized

from sdc_web import problems
from sdc_web.api import answers
from sdc_web.posts import Stale
from sdc_web.problems import AnyRequest


class StaleProblem(problems.Problem, frozen=True, kw_only=True, omit_defaults=True):
    """412: `current` is what was saved in the meantime."""

    current: answers.RevisionText


def challenge(request: AnyRequest, error: Unauthorized) -> Response[str] | Response[bytes]:
    """401 says how to come in (RFC 9110 section 11.6.1)."""
    refused = problems.respond(request, error)
    refused.headers["www-authenticate"] = "Bearer"
    return refused


def stale(_: AnyRequest, error: Stale) -> Response[bytes]:
    """412 with the newest revision, so that both texts can be compared without asking again."""
    problem = StaleProblem(**msgspec.structs.asdict(problems.of(error)), current=answers.revision_of(error.current))
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        headers={"cache-control": "no-store"},
        media_type="application/problem+json",
    )
