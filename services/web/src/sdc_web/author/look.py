"""The look of the site as the author chooses it, with a sample beside the choices."""

from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Response, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import htmx, look, pages
from sdc_web.author import forms
from sdc_web.authors import rights
from sdc_web.db import Databases
from sdc_web.look import Look, choices
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/site/look"
SAMPLE = f"{ADDRESS}/sample.css"
_SCOPE = ".look-sample"


class LookForm(Look, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form; `intent` is `show` for a sample alone, `reset` for the look as it came."""

    intent: str = "save"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What the sample is drawn with: the address of its stylesheet, and the colours that came of the one wanted."""

    stylesheet: str
    darkened: str
    lightened: str


@get(ADDRESS, right="site.change")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The choices as they stand, and how they look."""
    async with databases.site.read() as connection:
        kept = await look.current(connection)
    return await _page(request, databases, author, kept)


@put(ADDRESS, status_code=303, right="site.change")
async def update(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[bytes] | Response[str]:
    """Keep them, or show how they would look."""
    form = await forms.read(request, LookForm)
    wanted = Look() if form.intent == "reset" else _look(form)
    try:
        if form.intent == "show":
            sampled = choices.checked(wanted)
            if htmx.wants_fragment(request):
                return pages.fragment("author/look/_sample.html", author, sample=_sample(sampled))
            return await _page(request, databases, author, sampled)
        await look.change(databases.site, author.actor, wanted)
    except Invalid as error:
        return await _page(request, databases, author, wanted, {error.field: str(error)}, status_code=422)
    return pages.redirect(ADDRESS, "saved")


@get(SAMPLE, right="site.change", sync_to_thread=False)
def sample(request: AnyRequest, author: NamedDependency[SignedIn]) -> Response[str]:
    """The stylesheet of a sample, by the choices in the query."""
    rights.require(author.actor, "site.change")
    wanted = forms.fields(request.scope["query_string"].decode("latin-1"), Look)
    return Response(look.stylesheet(choices.checked(wanted), _SCOPE).css, media_type=MediaType.CSS)


def _look(form: LookForm) -> Look:
    return Look(accent=form.accent, paper=form.paper, typeface=form.typeface, size=form.size, measure=form.measure)


def _sample(wanted: Look) -> Sample:
    sheet = look.stylesheet(wanted, _SCOPE)
    query = urlencode(msgspec.to_builtins(wanted))
    return Sample(stylesheet=f"{SAMPLE}?{query}", darkened=sheet.darkened, lightened=sheet.lightened)


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    wanted: Look,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response[str]:
    shown = Look() if errors else wanted
    return await pages.page(
        request,
        databases,
        "author/look/edit.html",
        author=author,
        status_code=status_code,
        form=wanted,
        errors=errors or {},
        sample=_sample(shown),
    )


route_handlers = [show, update, sample]
