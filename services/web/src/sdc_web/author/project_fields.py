"""The editor's fields of a project: one line a link, one line a picture, so that they need no script."""

import re
from collections.abc import Iterator, Mapping

import msgspec
from sdc_core.errors import Invalid

from sdc_web import media, posts
from sdc_web.posts.projects import STATUSES

_PICTURE = re.compile(r"(?:!\[.*\]\(media:|media:|)([0-9A-Z]{26})\)?")


class ProjectForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that has them; all are empty for posts and pages. `add_picture` is the id of one more, which joins the
    others as the form is read.
    """

    project_status: str = ""
    project_section: str = ""
    project_repository: str = ""
    project_links: str = ""
    project_pictures: str = ""
    add_picture: str = ""


def facts(form: ProjectForm) -> posts.ProjectFacts | None:
    """What was typed, None for nothing. Raises Invalid with the field for a line that is no picture."""
    status = next((each for each in STATUSES if each == form.project_status), "")
    if status != form.project_status:
        raise Invalid(f"choose one of: {', '.join(STATUSES)}", field="project_status")
    found = posts.ProjectFacts(
        status=status,
        section=form.project_section.strip(),
        repository=form.project_repository.strip(),
        links=tuple(map(_link, _lines(form.project_links))),
        pictures=tuple(map(_picture, _lines(form.project_pictures))),
    )
    return None if found == posts.ProjectFacts() else found


def links(project: posts.ProjectFacts) -> str:
    """The links, one a line."""
    return "\n".join(f"{each.label} {each.url}" for each in project.links)


def pictures(project: posts.ProjectFacts) -> str:
    """The pictures, one a line."""
    return "\n".join(f"media:{each}" for each in project.pictures)


def named(text: str) -> list[str]:
    """Ids of the pictures in a field that may hold anything."""
    return [found[1] for line in _lines(text) if (found := _PICTURE.fullmatch(line))]


def without_words(text: str) -> str:
    """The field as `pictures` writes it; other lines stay as typed."""
    lines = ((line, _PICTURE.fullmatch(line)) for line in _lines(text))
    return "\n".join(f"media:{found[1]}" if found else line for line, found in lines)


def with_words(text: str, assets: Mapping[str, media.Asset]) -> str:
    """The field with what each picture shows, in the Markdown of the media library; other lines stay as typed."""
    lines = [(line, assets.get(found[1]) if (found := _PICTURE.fullmatch(line)) else None) for line in _lines(text)]
    return "\n".join(f"![{_plain(each.alt)}](media:{each.id})" if each else line for line, each in lines)


def _link(line: str) -> posts.Link:
    label, _, url = line.rpartition(" ")
    return posts.Link(label=label.strip(), url=url)


def _picture(line: str) -> str:
    found = _PICTURE.fullmatch(line)
    if found is None:
        raise Invalid(f"this line names no picture of the media library: {line[:60]}", field="project_pictures")
    return found[1]


def _lines(text: str) -> Iterator[str]:
    return filter(None, (" ".join(line.split()) for line in text.splitlines()))


def _plain(alt: str) -> str:
    return " ".join(alt.replace("[", "(").replace("]", ")").split())
