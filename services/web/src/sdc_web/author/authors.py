"""Who belongs to the site, as owners see it: roles, leaving, and the invitations that are out."""

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import Conflict, Invalid
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.author import forms, signed_in
from sdc_web.authors import invitations, roster
from sdc_web.authors.rights import Role
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import confirm
from sdc_web.sessions.signed_in import SignedIn

ADDRESS = "/author/authors"
ROLES: dict[Role, str] = {
    "owner": "may do everything",
    "author": "writes and publishes their own texts",
    "viewer": "sees the statistics",
}
NamedDatabases = NamedDependency[Databases]
Author = NamedDependency[SignedIn]
Page = Response[str] | Response[bytes]


class RoleForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What they are from now on."""

    role: Role


class RemovalForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose their texts and pictures will be."""

    heir_id: str = ""


class InvitationForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field of the form."""

    role: Role = "author"
    whom: str = ""


@get(ADDRESS, right="authors.read")
async def index(request: AnyRequest, databases: NamedDatabases, author: Author) -> Response[str]:
    """Everybody, the invitations, and the form for one more."""
    return await _list(request, databases, author, InvitationForm())


@get(f"{ADDRESS}/{{author_id:str}}", right="authors.read")
async def edit(
    request: AnyRequest, databases: NamedDatabases, author: Author, author_id: FromPath[str]
) -> Response[str]:
    """One of them: their role, and how they leave."""
    return await _page(request, databases, author, author_id)


@put(f"{ADDRESS}/{{author_id:str}}", status_code=303, right="authors.change")
async def update(request: AnyRequest, databases: NamedDatabases, author: Author, author_id: FromPath[str]) -> Page:
    """Another role."""
    confirm.require(author)
    form = await forms.read(request, RoleForm)
    try:
        await roster.change_role(databases, author.actor, author_id, form.role)
    except Conflict as error:
        return await _page(request, databases, author, author_id, {"role": str(error)}, status_code=409)
    return pages.redirect(signed_in.HOME if author_id == author.id else ADDRESS, "saved")


@delete(f"{ADDRESS}/{{author_id:str}}", status_code=303, right="authors.change")
async def remove(request: AnyRequest, databases: NamedDatabases, author: Author, author_id: FromPath[str]) -> Page:
    """They leave, and somebody else has what was theirs."""
    confirm.require(author)
    form = await forms.read(request, RemovalForm)
    try:
        await roster.remove(databases, author.actor, author_id, form.heir_id)
    except Invalid as error:
        return await _page(request, databases, author, author_id, {error.field: str(error)}, status_code=422)
    except Conflict as error:
        return await _page(request, databases, author, author_id, {"heir_id": str(error)}, status_code=409)
    return pages.redirect(ADDRESS, "removed")


@post(f"{ADDRESS}/invitations", status_code=200, right="authors.change")
async def invite(
    request: AnyRequest, databases: NamedDatabases, settings: NamedDependency[Settings], author: Author
) -> Response[str]:
    """Make a link, and show it in this answer alone."""
    confirm.require(author)
    form = await forms.read(request, InvitationForm)
    try:
        token = await invitations.make(databases, author.actor, form.role, form.whom)
    except (Invalid, Conflict) as error:
        field = error.field if isinstance(error, Invalid) else "form"
        return await _list(request, databases, author, form, {field: str(error)}, status_code=422)
    link = settings.site_url + invitations.path(token)
    return await _list(request, databases, author, InvitationForm(), link=link)


@delete(f"{ADDRESS}/invitations/{{invitation_id:str}}", status_code=303, right="authors.change")
async def take_back(databases: NamedDatabases, author: Author, invitation_id: FromPath[str]) -> Response[bytes]:
    """One link less. Nobody is asked to confirm what only takes away."""
    await invitations.revoke(databases, author.actor, invitation_id)
    return pages.redirect(ADDRESS, "revoked-invitation")


async def _list(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    form: InvitationForm,
    errors: dict[str, str] | None = None,
    *,
    link: str = "",
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        members = await roster.members(connection, author.actor)
    return await pages.page(
        request,
        databases,
        "author/authors/index.html",
        author=author,
        status_code=status_code,
        members=members,
        invitations=await invitations.listing(databases, author.actor),
        roles=ROLES,
        form=form,
        errors=errors or {},
        link=link,
    )


async def _page(
    request: AnyRequest,
    databases: Databases,
    author: SignedIn,
    author_id: str,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response[str]:
    async with databases.site.read() as connection:
        member = await roster.member(connection, author.actor, author_id)
        members = await roster.members(connection, author.actor)
    return await pages.page(
        request,
        databases,
        "author/authors/edit.html",
        author=author,
        status_code=status_code,
        member=member,
        heirs=[each for each in members if each.id != author_id and each.role != "viewer"],
        last_owner=member.is_owner and sum(each.is_owner for each in members) == 1,
        roles=ROLES,
        errors=errors or {},
    )


route_handlers = [index, edit, update, remove, invite, take_back]
