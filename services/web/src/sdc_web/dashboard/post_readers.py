"""Who reads one text, beside the text in its editor: thirty days at a glance, and the way to all of it."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core import clock
from sdc_core.service_client import ServiceClient

from sdc_web import htmx, pages, posts, redirects
from sdc_web.dashboard import asked, panels
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.reports import analytics, asking
from sdc_web.reports.analytics import Parts
from sdc_web.sessions.signed_in import SignedIn

SOURCES = 3


@get("/author/statistics/posts/{post_id:str}", right="posts.read")
async def show(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    worker: NamedDependency[ServiceClient],
    author: NamedDependency[SignedIn],
    post_id: FromPath[str],
) -> Response[str] | Response[bytes]:
    """The fragment, which says so without the worker; a browser is led to the statistics of the page."""
    async with databases.site.read() as connection:
        post = await posts.find(connection, author.actor, post_id)
        former = await redirects.former_paths(connection, [post_id])
    paths = [post.path, *(each.path for each in former if each.path != post.path)][: asked.MAX_VALUES]
    question = asked.read([("path", path) for path in paths], clock.today())
    if not htmx.wants_fragment(request):
        return pages.redirect(question.address())
    batch = analytics.batch(
        worker, author.actor, question.recent, question.before, Parts(dimensions=("source",), limit=SOURCES)
    )
    found, refusal = await asking.or_why(batch)
    return pages.fragment(
        "author/statistics/_post.html",
        author,
        post_id=post_id,
        url=question.address(),
        figures=panels.figures(found.summary, found.summary_before, question)[:3] if found else None,
        chart=panels.page_view_chart(found.timeseries.points, "day") if found else None,
        sources=[each.key for each in found.breakdowns[0].rows] if found else [],
        refusal=refusal,
    )


route_handlers = [show]
