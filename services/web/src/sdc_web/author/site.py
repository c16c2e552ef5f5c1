"""The site's own words."""

import msgspec
from litestar import Response, get, put
from litestar.di import NamedDependency
from sdc_core.errors import Invalid

from sdc_web import announcements, pages, zones
from sdc_web.about import site as words
from sdc_web.about.site import Elsewhere, Words
from sdc_web.author import forms
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

Page = Response[str] | Response[bytes]


class SiteForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    site_title: str
    description: str
    language: str
    elsewhere: str = ""
    time_zone: str = "UTC"


@get("/author/site", right="site.change")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]
) -> Response[str]:
    """The form, and how announcements go."""
    return await _page(request, databases, author, await _stored(databases), {})


@put("/author/site", status_code=303, right="site.change")
async def update(request: AnyRequest, databases: NamedDependency[Databases], author: NamedDependency[SignedIn]) -> Page:
    """New words for the site."""
    form = await forms.read(request, SiteForm)
    given = Words(
        title=form.site_title,
        description=form.description,
        language=form.language,
        elsewhere=tuple(map(_place, filter(str.strip, form.elsewhere.splitlines()))),
        time_zone=form.time_zone,
    )
    try:
        await words.change(databases.site, author.actor, given)
    except Invalid as error:
        return await _page(request, databases, author, form, {error.field or "form": str(error)}, status_code=422)
    return pages.redirect("/author/site", "saved")


async def _stored(databases: Databases) -> SiteForm:
    async with databases.site.read() as connection:
        kept = await words.words(connection)
    lines = "\n".join(f"{each.label} {each.url}" for each in kept.elsewhere)
    return SiteForm(
        site_title=kept.title,
        description=kept.description,
        language=kept.language,
        elsewhere=lines,
        time_zone=kept.time_zone,
    )


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: SiteForm,
    errors: dict[str, str],
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        told = await announcements.audiences(connection)
    return await pages.page(
        request,
        databases,
        "author/site/edit.html",
        author=author,
        status_code=status_code,
        form=form,
        errors=errors,
        audiences=told,
        zones=zones.NAMES,
    )


def _place(line: str) -> Elsewhere:
    label, _, url = line.strip().rpartition(" ")
    return Elsewhere(label=label, url=url)


route_handlers = [show, update]
