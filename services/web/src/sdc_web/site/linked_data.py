"""What a page says of itself to machines: schema.org types as JSON-LD 1.1."""

from typing import Literal

import msgspec

from sdc_web import templating
from sdc_web.posts import Front, ProjectFacts
from sdc_web.site.card import HEIGHT, WIDTH
from sdc_web.site.views import View

_TYPES: dict[str, Literal["BlogPosting", "CreativeWork", "WebPage"]] = {
    "post": "BlogPosting",
    "project": "CreativeWork",
    "page": "WebPage",
}
_SOFTWARE = "SoftwareSourceCode"
"""A project with a repository."""


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="@type", tag="Person"):
    """Who wrote it, and where they are to be found."""

    name: str
    url: str = ""
    sameAs: tuple[str, ...] = ()  # noqa: N815 - schema.org's name


class Image(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="ImageObject"):
    """The cover, or the card that is drawn where there is none; sizes in pixels."""

    url: str
    width: int
    height: int


class Whole(msgspec.Struct, frozen=True, kw_only=True, tag_field="@type", tag="CreativeWorkSeries"):
    """The series it is part of."""

    name: str
    url: str


class Work(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A published post, project or page; times as ISO 8601."""

    context: str = msgspec.field(name="@context")
    type: str = msgspec.field(name="@type")
    id: str = msgspec.field(name="@id")
    headline: str
    url: str
    inLanguage: str  # noqa: N815 - schema.org's name
    datePublished: str  # noqa: N815
    dateModified: str  # noqa: N815
    author: Person
    description: str = ""
    keywords: tuple[str, ...] = ()
    image: Image
    isPartOf: Whole | None = None  # noqa: N815
    position: int | None = None
    codeRepository: str = ""  # noqa: N815
    creativeWorkStatus: str = ""  # noqa: N815


class Site(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The site as a whole, whose name search engines show above its pages."""

    context: str = msgspec.field(name="@context")
    type: str = msgspec.field(name="@type")
    name: str
    url: str
    inLanguage: str  # noqa: N815
    description: str = ""
    author: Person | None = None


def of(shown: View, front: Front, card: str) -> str:
    """The text of a script element: no `<` is in it, so nothing an author writes can end that. `card` is the path of
    the drawn picture.
    """
    cover, place, project = shown.cover, shown.place, shown.project or ProjectFacts()
    # A text that is at home elsewhere is that one, here as well.
    address = shown.canonical_url or front.url + shown.url
    work = Work(
        context="https://schema.org",
        type=_SOFTWARE if project.repository else _TYPES[shown.kind],
        id=address,
        headline=shown.title,
        url=address,
        inLanguage=shown.language or front.language,
        datePublished=templating.iso(shown.published_at_us),
        dateModified=templating.iso(shown.updated_at_us),
        author=_person(front, shown.author_name),
        description=shown.summary,
        keywords=shown.tags,
        image=Image(url=cover.absolute(front.url), width=cover.width, height=cover.height)
        if cover and cover.address
        else Image(url=front.url + card, width=WIDTH, height=HEIGHT),
        isPartOf=Whole(name=place.series.title, url=front.url + place.series.url) if place else None,
        position=place.number if place else None,
        codeRepository=project.repository,
        creativeWorkStatus=project.status,
    )
    return _text(work)


def of_site(front: Front) -> str:
    """The same for the home page."""
    author = _person(front) if front.author_name else None
    return _text(
        Site(
            context="https://schema.org",
            type="WebSite",
            name=front.title,
            url=f"{front.url}/",
            inLanguage=front.language,
            description=front.description,
            author=author,
        )
    )


def _person(front: Front, name: str = "") -> Person:
    """The site's address and its links elsewhere are those of the author who was there first."""
    if name not in ("", front.author_name):
        return Person(name=name)
    return Person(name=front.author_name, url=f"{front.url}/", sameAs=tuple(each.url for each in front.elsewhere))


def _text(said: Work | Site) -> str:
    return msgspec.json.encode(said).decode().replace("<", "\\u003c")
