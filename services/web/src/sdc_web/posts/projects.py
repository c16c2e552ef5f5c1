"""What a project says of itself beside its text: checked once, here, before it is saved; and the sections in use."""

from typing import get_args
from urllib.parse import urlsplit

import msgspec
from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts import store
from sdc_web.posts.records import Kind, Link, ProjectFacts, ProjectStatus
from sdc_web.redirects import addresses
from sdc_web.texts import characters

STATUSES: tuple[ProjectStatus, ...] = get_args(ProjectStatus)
MAX_SECTION = 40
MAX_LINKS = 8
MAX_LABEL = 60
MAX_PICTURES = 24


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section that a project names."""

    name: str


async def check(connection: Connection, facts: ProjectFacts | None, kind: Kind) -> ProjectFacts | None:
    """The facts as they are stored, None for nothing. Raises Invalid, naming the field at fault."""
    if facts in (None, ProjectFacts()):
        return None
    if kind != "project":
        raise Invalid("Only projects have a status, a section, a repository, links and pictures.", field="project")
    if facts.status not in ("", *STATUSES):
        raise Invalid(f"The status of a project is one of: {', '.join(STATUSES)}.", field="project.status")
    if len(facts.links) > MAX_LINKS:
        raise Invalid(f"A project has at most {MAX_LINKS} links.", field="project.links")
    return ProjectFacts(
        status=facts.status,
        section=characters.fitting(characters.line(facts.section), MAX_SECTION, "project.section", "The section"),
        repository=repository(facts.repository),
        links=tuple(link(each) for each in facts.links),
        pictures=await _pictures(connection, facts.pictures),
    )


def repository(text: str) -> str:
    """The address of a repository, in ASCII; empty for none. Raises Invalid."""
    if not text.strip():
        return ""
    found = _address(text)
    if not found.startswith("https://"):
        raise Invalid("A repository has an address that begins with https://.", field="project.repository")
    return found


def link(given: Link) -> Link:
    """A link with a label, whose address may be a path of this site. Raises Invalid."""
    url = _address(given.url)
    if not url:
        words = "A link leads to an address that begins with https://, or to a path such as /posts/fog."
        raise Invalid(words, field="project.links")
    label = characters.fitting(characters.line(given.label), MAX_LABEL, "project.links", "The label of a link")
    return Link(label=label or urlsplit(url).hostname or url, url=url)


SQL_SECTIONS = """
SELECT DISTINCT r.project ->> 'section' AS name FROM revisions AS r
WHERE r.project IS NOT NULL AND r.project ->> 'section' IS NOT NULL
    AND r.number = (SELECT max(number) FROM revisions WHERE post_id = r.post_id)
ORDER BY name
"""


async def sections(connection: Connection) -> list[str]:
    """The sections in use, drafts included, by name."""
    return [each.name for each in await fetch_all(connection, Section, SQL_SECTIONS)]


def _address(text: str) -> str:
    """In ASCII; nothing for what is neither https nor a path of this site."""
    try:
        return addresses.target(text, "")
    except Invalid:
        return ""


async def _pictures(connection: Connection, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in the order given."""
    chosen = tuple(dict.fromkeys(ids))
    if len(chosen) > MAX_PICTURES:
        raise Invalid(f"A project has at most {MAX_PICTURES} pictures.", field="project.pictures")
    for each in chosen:
        if not each.isascii() or not await store.picture_exists(connection, each):
            raise Invalid(f"There is no media asset {each[:40]!a}.", field="project.pictures")
    return chosen
