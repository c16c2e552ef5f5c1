"""What the API can be asked: each operation with what it takes and answers, beside the handler that does it."""

from typing import Final, Literal, TypeAlias

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from sdc_core.answers import analytics as figures

from sdc_web.api import (
    analytics,
    answers,
    checks,
    endpoints,
    jobs,
    media,
    media_files,
    navigation,
    posts,
    preview_links,
    publications,
    redirects,
    refusals,
    revisions,
    schedules,
    series,
    site,
    tags,
    webmentions,
)
from sdc_web.problems import AnyRequest, Problem

Struct: TypeAlias = type[msgspec.Struct]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Method, path, words and the scope of the token follow from the handler. `answers` are the bodies by status, None
    for none; `heeds_match` is how If-Match is taken: of a post's revision or, as `state`, of what the same path answers
    to GET. A `file` is taken as it is, and `bytes` are answered so. `conflict` is a 409 of its own shape, `missing`
    whether the query may name what is not there, as a path may.
    """

    handler: HTTPRouteHandler
    answers: dict[int, Struct | None]
    query: Struct | None = None
    body: Struct | None = None
    body_required: bool = True
    file: bool = False
    bytes: bool = False
    heeds_match: Literal["", "optional", "required", "state"] = ""
    conflict: Struct | None = None
    missing: bool = False

    @property
    def method(self) -> str:
        """In capitals."""
        return next(iter(self.handler.http_methods))

    @property
    def once(self) -> bool:
        """Whether an Idempotency-Key is heeded."""
        return self.method == "POST"

    @property
    def tagged(self) -> bool:
        """Whether its answers carry an ETag, as all do that have a body."""
        return self.bytes or any(self.answers.values())

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
    Operation(handler=posts.create, body=posts.NewPost, answers={201: answers.Post}),
    Operation(handler=posts.show, answers={200: answers.Post, 304: None}),
    Operation(handler=posts.change, body=posts.PostChanges, answers={200: answers.Post}, heeds_match="required"),
    Operation(handler=posts.remove, answers={204: None}, heeds_match="optional"),
    Operation(handler=posts.restore, answers={200: answers.Restored}),
    Operation(handler=posts.give, body=posts.NewAuthor, answers={200: answers.Post}),
    Operation(
        handler=publications.create,
        body=publications.NewPublication,
        body_required=False,
        answers={200: answers.Publication},
        heeds_match="optional",
        conflict=Problem,
    ),
    Operation(handler=publications.remove, answers={200: answers.Post}, heeds_match="optional"),
    Operation(handler=publications.index, body=publications.NewIndexing, answers={200: answers.Post}),
    Operation(handler=schedules.cancel, answers={200: answers.Post}),
    Operation(handler=schedules.expire, body=schedules.NewExpiry, answers={200: answers.Post}),
    Operation(handler=revisions.index, query=revisions.RevisionQuery, answers={200: revisions.RevisionPage, 304: None}),
    Operation(handler=revisions.show, answers={200: answers.RevisionText, 304: None}),
    Operation(handler=revisions.name, body=revisions.RevisionChanges, answers={200: revisions.RevisionEntry}),
    Operation(handler=revisions.restore, answers={200: answers.Post}, heeds_match="required"),
    Operation(handler=preview_links.index, answers={200: preview_links.PreviewLinks, 304: None}),
    Operation(
        handler=preview_links.create,
        body=preview_links.NewPreviewLink,
        answers={201: preview_links.MadePreviewLink},
        conflict=Problem,
    ),
    Operation(handler=preview_links.remove, answers={204: None}),
    Operation(handler=checks.show, answers={200: checks.Findings, 304: None}),
    Operation(handler=checks.backlinks, answers={200: checks.Backlinks, 304: None}),
    Operation(handler=checks.links, answers={200: checks.TroubledLinks, 304: None}),
    Operation(handler=media.index, query=media.AssetQuery, answers={200: media.AssetPage, 304: None}),
    Operation(
        handler=media.create,
        query=media.UploadQuery,
        file=True,
        answers={200: media.Asset, 201: media.Asset},
    ),
    Operation(handler=media.show, answers={200: media.Asset, 304: None}),
    Operation(handler=media.change, body=media.AssetChanges, answers={200: media.Asset}, heeds_match="state"),
    Operation(handler=media.remove, answers={204: None}, conflict=refusals.InUseProblem, heeds_match="state"),
    Operation(handler=media.restore, answers={200: media.Asset}),
    Operation(handler=media_files.show, answers={200: media_files.AssetFile, 304: None}),
    Operation(
        handler=media_files.replace,
        query=media_files.FileQuery,
        file=True,
        answers={200: media_files.AssetFile},
        conflict=Problem,
        heeds_match="state",
    ),
    Operation(handler=media_files.undo, answers={200: media_files.AssetFile}, conflict=Problem, heeds_match="state"),
    Operation(handler=media_files.order, query=media_files.OrderQuery, answers={200: media.Asset}),
    Operation(handler=media_files.original, answers={200: None, 304: None}, bytes=True),
    Operation(handler=media_files.uses, answers={200: media_files.AssetUses, 304: None}),
    Operation(handler=tags.index, answers={200: tags.Tags, 304: None}),
    Operation(handler=tags.show, answers={200: tags.TagWhole, 304: None}),
    Operation(handler=tags.change, body=tags.TagChanges, answers={200: tags.TagWhole}, heeds_match="state"),
    Operation(handler=tags.merge, body=tags.TagMerge, answers={200: tags.TagWhole}, heeds_match="state"),
    Operation(handler=tags.remove, answers={204: None}, heeds_match="state"),
    Operation(handler=tags.free, answers={204: None}),
    Operation(handler=series.index, answers={200: series.SeriesList, 304: None}),
    Operation(handler=series.create, body=series.NewSeries, answers={201: series.SeriesWhole}),
    Operation(handler=series.show, answers={200: series.SeriesWhole, 304: None}),
    Operation(handler=series.change, body=series.SeriesChanges, answers={200: series.SeriesWhole}, heeds_match="state"),
    Operation(handler=series.arrange, body=series.SeriesOrder, answers={200: series.SeriesWhole}, heeds_match="state"),
    Operation(handler=series.remove, answers={204: None}, heeds_match="state"),
    Operation(handler=navigation.show, answers={200: navigation.Navigation, 304: None}),
    Operation(
        handler=navigation.change,
        body=navigation.NewNavigation,
        answers={200: navigation.Navigation},
        heeds_match="state",
    ),
    Operation(handler=navigation.forget, answers={200: navigation.Navigation}, heeds_match="state"),
    Operation(handler=navigation.projects, answers={200: navigation.HomeProjects, 304: None}),
    Operation(
        handler=navigation.change_projects,
        body=navigation.HomeChoice,
        answers={200: navigation.HomeProjects},
        heeds_match="state",
    ),
    Operation(handler=redirects.index, query=redirects.RedirectQuery, answers={200: redirects.RedirectPage, 304: None}),
    Operation(handler=redirects.create, body=redirects.NewRedirect, answers={201: redirects.Redirect}),
    Operation(handler=redirects.add_all, body=redirects.NewRedirects, answers={200: redirects.RedirectImport}),
    Operation(
        handler=redirects.change,
        query=redirects.RedirectName,
        body=redirects.RedirectChanges,
        answers={200: redirects.Redirect},
        heeds_match="state",
        missing=True,
    ),
    Operation(
        handler=redirects.remove,
        query=redirects.RedirectName,
        answers={204: None},
        heeds_match="state",
        missing=True,
    ),
    Operation(handler=site.show, answers={200: site.SiteWords, 304: None}),
    Operation(handler=site.change, body=site.SiteWordsChanges, answers={200: site.SiteWords}, heeds_match="state"),
    Operation(handler=site.show_look, answers={200: site.SiteLook, 304: None}),
    Operation(handler=site.change_look, body=site.SiteLookChanges, answers={200: site.SiteLook}, heeds_match="state"),
    Operation(handler=site.show_robots, answers={200: site.SiteRobots, 304: None}),
    Operation(
        handler=site.change_robots, body=site.SiteRobotsChanges, answers={200: site.SiteRobots}, heeds_match="state"
    ),
    Operation(handler=site.show_reading, answers={200: site.SiteReading, 304: None}),
    Operation(handler=site.change_reading, body=site.SiteReading, answers={200: site.SiteReading}, heeds_match="state"),
    Operation(
        handler=webmentions.index,
        query=webmentions.WebmentionQuery,
        answers={200: webmentions.WebmentionPage, 304: None},
    ),
    Operation(
        handler=webmentions.decide,
        body=webmentions.WebmentionDecision,
        answers={200: webmentions.WebmentionsDecided},
    ),
    Operation(
        handler=webmentions.told_sites, query=webmentions.ToldQuery, answers={200: webmentions.ToldSites, 304: None}
    ),
    Operation(handler=webmentions.blocks, answers={200: webmentions.BlockedHosts, 304: None}),
    Operation(handler=webmentions.block, answers={204: None}, conflict=Problem),
    Operation(handler=webmentions.allow, answers={204: None}),
    Operation(handler=webmentions.show_switches, answers={200: webmentions.WebmentionSwitches, 304: None}),
    Operation(
        handler=webmentions.change_switches,
        body=webmentions.WebmentionSwitchesChanges,
        answers={200: webmentions.WebmentionSwitches},
        heeds_match="state",
    ),
    Operation(handler=endpoints.index, answers={200: endpoints.Endpoints, 304: None}),
    Operation(handler=endpoints.show, answers={200: endpoints.Endpoint, 304: None}),
    Operation(handler=endpoints.pause, answers={200: endpoints.Endpoint}),
    Operation(handler=endpoints.resume, answers={200: endpoints.Endpoint}),
    Operation(
        handler=endpoints.deliveries, query=endpoints.DeliveryQuery, answers={200: endpoints.DeliveryPage, 304: None}
    ),
    Operation(handler=endpoints.delivery, answers={200: endpoints.DeliveryWhole, 304: None}),
    Operation(handler=endpoints.replay, answers={200: endpoints.DeliveryWhole}),
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
