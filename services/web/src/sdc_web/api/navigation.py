"""The links at the top of every page, and the projects on the home page, as the author orders them."""

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import posts
from sdc_web.api import answers, incoming
from sdc_web.api.conditions import unless_changed
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts.navigation import Standing
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class NewEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link to be shown; `url` is a path of this site, or an https URL."""

    title: str
    url: str


class NewNavigation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All links, in their order; an empty list shows none."""

    entries: tuple[NewEntry, ...]


class NavigationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A link. `standing` is what a reader finds there: `there`, `away` on another site, `moved` to another address,
    `draft` for a text that is not published, or `missing`.
    """

    title: str
    url: str
    standing: Standing


class Navigation(msgspec.Struct, frozen=True, kw_only=True):
    """The links that readers see. They are made of what is published unless `own`."""

    own: bool
    entries: tuple[NavigationEntry, ...]


class HomeProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project on the home page, by the title of its newest revision; readers see it there if it is `on_site`."""

    post_id: str
    title: str
    on_site: bool


class HomeProjects(msgspec.Struct, frozen=True, kw_only=True):
    """Those that the author chose, in their order."""

    projects: tuple[HomeProject, ...]


class HomeChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All projects that are to stand on the home page, in their order."""

    post_ids: tuple[str, ...]


@get("/navigation", right="site.read")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read the links at the top of every page."""
    return await _navigation(request, databases, reader)


@put("/navigation", right="site.change")
async def change(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    writer: NamedDependency[Bearer],
) -> Response[bytes]:
    """Show these links at the top of every page, in this order, and no others."""
    sent = await incoming.body(request, NewNavigation)
    entries = [posts.Entry(title=each.title, url=each.url) for each in sent.entries]
    guard = unless_changed(request, _navigation_now)
    await posts.navigation.put(databases.site, writer.actor, entries, settings.site_url, guard)
    return await _navigation(request, databases, writer)


@delete("/navigation", status_code=200, right="site.change")
async def forget(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Have the links be made of what is published again."""
    await posts.navigation.forget(databases.site, writer.actor, unless_changed(request, _navigation_now))
    return await _navigation(request, databases, writer)


@get("/home/projects", right="site.read")
async def projects(
    request: AnyRequest, databases: NamedDependency[Databases], reader: NamedDependency[Bearer]
) -> Response[bytes]:
    """Read which projects stand on the home page."""
    return await _projects(request, databases, reader)


@put("/home/projects", right="site.change")
async def change_projects(
    request: AnyRequest, databases: NamedDependency[Databases], writer: NamedDependency[Bearer]
) -> Response[bytes]:
    """Put these projects on the home page, in this order, and no others. Its text is the page with the slug `home`."""
    sent = await incoming.body(request, HomeChoice)
    guard = unless_changed(request, lambda connection: _projects_now(connection, writer.actor))
    await posts.home.arrange(databases.site, writer.actor, sent.post_ids, guard)
    return await _projects(request, databases, writer)


async def _navigation(request: AnyRequest, databases: Databases, by: Bearer) -> Response[bytes]:
    rights.require(by.actor, "site.read")
    async with databases.site.read() as connection:
        return answers.send(request, await _navigation_now(connection))


async def _navigation_now(connection: Connection) -> Navigation:
    shown = (await posts.front(connection, "")).navigation
    entries = [
        NavigationEntry(title=each.title, url=each.url, standing=await posts.navigation.standing(connection, each.url))
        for each in shown
    ]
    return Navigation(own=await posts.navigation.is_own(connection), entries=tuple(entries))


async def _projects(request: AnyRequest, databases: Databases, by: Bearer) -> Response[bytes]:
    async with databases.site.read() as connection:
        return answers.send(request, await _projects_now(connection, by.actor))


async def _projects_now(connection: Connection, by: Actor) -> HomeProjects:
    found = await posts.home.candidates(connection, by)
    chosen = tuple(
        HomeProject(post_id=each.id, title=each.title, on_site=each.on_site)
        for each in found
        if each.position is not None
    )
    return HomeProjects(projects=chosen)


route_handlers = [show, change, forget, projects, change_projects]
