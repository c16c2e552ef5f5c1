"""What the front matter of a project says of it beside its text, and what of that cannot be kept."""

from collections.abc import Iterator, Mapping

from sdc_core.errors import Invalid

from sdc_web.posts import projects
from sdc_web.posts.records import Link, ProjectFacts
from sdc_web.texts import characters


def facts(fields: Mapping[str, object], notes: list[str]) -> ProjectFacts:
    """The facts but for the pictures; `notes` grows by a word about each that is left out."""
    said = _line(fields.get("status")).lower().replace("-", " ").replace("_", " ")
    status = next((each for each in projects.STATUSES if each == said), "")
    if said != status:
        notes.append(f"status {said} is left out: it is one of {', '.join(projects.STATUSES)}")
    repository = _line(fields.get("repository")) or _line(fields.get("repo"))
    try:
        repository = projects.repository(repository)
    except Invalid as error:
        notes.append(f"repository {repository[:60]} is left out: {error}")
        repository = ""
    links = list(_links(fields.get("links"), notes))
    notes += [f"link {each.url} is left out: {projects.MAX_LINKS} fit" for each in links[projects.MAX_LINKS :]]
    return ProjectFacts(
        status=status,
        section=_line(fields.get("section"))[: projects.MAX_SECTION].strip(),
        repository=repository,
        links=tuple(links[: projects.MAX_LINKS]),
    )


def _links(given: object, notes: list[str]) -> Iterator[Link]:
    """Of a list of addresses or of tables with an address, or of one table of labels."""
    if isinstance(given, dict):
        given = [{"label": label, "url": url} for label, url in given.items()]
    for each in given if isinstance(given, list) else []:
        named = {str(name).lower(): value for name, value in each.items()} if isinstance(each, dict) else {"url": each}
        label = next((_line(named[name]) for name in ("label", "title", "name", "text") if name in named), "")
        url = _line(named.get("url")) or _line(named.get("href"))
        try:
            yield projects.link(Link(label=label, url=url))
        except Invalid as error:
            notes.append(f"link {(label or url)[:60]} is left out: {error}")


def _line(value: object) -> str:
    return characters.line(value) if isinstance(value, str) else ""
