"""What the API can be asked: each operation with what it takes and answers, beside the handler that does it."""

from typing import Final, Literal, TypeAlias

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from sdc_core.answers import analytics as figures

from sdc_web.api import analytics, answers, jobs, media, posts, publications, redirects, refusals, revisions, tags
from sdc_web.problems import AnyRequest, Problem

Struct: TypeAlias = type[msgspec.Struct]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Method, path, words and the scope of the token follow from the handler. `answers` are the bodies by status, None
    for none; `heeds_match` is how If-Match is taken, `once` whether an Idempotency-Key is heeded; `conflict` is a 409
    of its own shape, `missing` whether the query may name what is not there, as a path may.
    """

    handler: HTTPRouteHandler
    answers: dict[int, Struct | None]
    query: Struct | None = None
    body: Struct | None = None
    body_required: bool = True
    file: bool = False
    heeds_match: Literal["", "optional", "required"] = ""
    once: bool = False
    conflict: Struct | None = None
    missing: bool = False

    @property
    def method(self) -> str:
        """In capitals."""
        return next(iter(self.handler.http_methods))

    @property
    def tagged(self) -> bool:
        """Whether its answers carry an ETag, as all do that have a body."""
        return any(self.answers.values())

    @property
    def name(self) -> str:
        """Such as `posts.create`."""
        return f"{self.handler.fn.__module__.rpartition('.')[2]}.{self.handler.handler_name}"

    @property
    def path(self) -> str:
        """Below `/api/v1`, as the document writes it."""
        return next(iter(self.handler.paths)).replace(":str}", "}")


OPERATIONS: Final = (
    Operation(handler=posts.index, query=posts.PostQuery, answers={200: answers.PostPage, 304: None}),
    Operation(handler=posts.create, body=posts.NewPost, answers={201: answers.Post}, once=True),
    Operation(handler=posts.show, answers={200: answers.Post, 304: None}),
    Operation(handler=posts.change, body=posts.PostChanges, answers={200: answers.Post}, heeds_match="required"),
    Operation(handler=posts.remove, answers={204: None}, heeds_match="optional"),
    Operation(
        handler=publications.create,
        body=publications.NewPublication,
        body_required=False,
        answers={200: answers.Publication},
        heeds_match="optional",
        once=True,
        conflict=Problem,
    ),
    Operation(handler=publications.remove, answers={200: answers.Post}, heeds_match="optional"),
    Operation(handler=revisions.index, query=revisions.RevisionQuery, answers={200: revisions.RevisionPage, 304: None}),
    Operation(handler=revisions.show, answers={200: answers.RevisionText, 304: None}),
    Operation(handler=revisions.restore, answers={200: answers.Post}, heeds_match="required"),
    Operation(handler=media.index, query=media.AssetQuery, answers={200: media.AssetPage, 304: None}),
    Operation(
        handler=media.create,
        query=media.UploadQuery,
        file=True,
        answers={200: media.Asset, 201: media.Asset},
        once=True,
    ),
    Operation(handler=media.show, answers={200: media.Asset, 304: None}),
    Operation(handler=media.change, body=media.AssetChanges, answers={200: media.Asset}),
    Operation(handler=media.remove, answers={204: None}, conflict=refusals.InUseProblem),
    Operation(handler=tags.index, answers={200: tags.Tags, 304: None}),
    Operation(handler=tags.change, body=tags.TagChanges, answers={200: tags.Tag}),
    Operation(handler=redirects.index, query=redirects.RedirectQuery, answers={200: redirects.RedirectPage, 304: None}),
    Operation(handler=redirects.create, body=redirects.NewRedirect, answers={201: redirects.Redirect}),
    Operation(handler=redirects.remove, query=redirects.RedirectName, answers={204: None}, missing=True),
    Operation(handler=jobs.index, answers={200: jobs.Jobs, 304: None}),
    Operation(handler=jobs.runs, query=jobs.RunQuery, answers={200: jobs.JobRunPage, 304: None}),
    Operation(handler=jobs.copies, answers={200: jobs.BackupState, 304: None}),
    Operation(handler=analytics.summary, query=analytics.AnalyticsQuery, answers={200: figures.Summary, 304: None}),
    Operation(
        handler=analytics.timeseries, query=analytics.TimeseriesQuery, answers={200: figures.Timeseries, 304: None}
    ),
    Operation(handler=analytics.breakdown, query=analytics.BreakdownQuery, answers={200: figures.Breakdown, 304: None}),
    Operation(handler=analytics.latency, query=analytics.AnalyticsQuery, answers={200: figures.Latency, 304: None}),
    Operation(handler=analytics.live, answers={200: figures.Live, 304: None}),
)


@route(sorted({path for each in OPERATIONS for path in each.handler.paths}), http_method="OPTIONS", status_code=204)
async def options(request: AnyRequest) -> Response[None]:
    """What an address does. The framework's own answer names the first of its methods alone."""
    path = str(request.scope["path_template"])
    methods = {each.method for each in OPERATIONS if path.endswith(f"/api/v1{each.path}")}
    return Response(None, headers={"allow": ", ".join(sorted(methods | {"OPTIONS"}))})


route_handlers = [options]
