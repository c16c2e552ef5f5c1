"""Micropub (W3C Recommendation of 23 May 2017): posts made, changed and deleted by writing apps, with an API token.

Whatever an app does goes through the same nouns, rights, rates and audit log as the API.
"""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from msgspec.structs import replace
from sdc_core import clock, disk
from sdc_core.errors import Invalid, NotFound, SdcError, TooLarge, Unauthorized, Unavailable
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection

from sdc_web import file_forms, media, posts, problems, redirects, tokens
from sdc_web.api import cors, incoming, micropub_entries, micropub_lists, micropub_photos, rates
from sdc_web.api.micropub_entries import picture_url
from sdc_web.api.micropub_requests import Command, Json, of_json, of_pairs
from sdc_web.api.once import HEADER, once
from sdc_web.api.rates import Rates
from sdc_web.authors import rights
from sdc_web.authors.rights import BeyondScope
from sdc_web.db import Databases
from sdc_web.file_forms import Sent
from sdc_web.headers import bearer_token
from sdc_web.posts import Draft, Post, catalogue, whole
from sdc_web.posts.records import address_of
from sdc_web.problems import ACTOR, AnyRequest
from sdc_web.tokens import Bearer

MAX_FIELDS = 300
MAX_FORM_BYTES = 4 * media.upload.MAX_BYTES
_FORM, _JSON, _FILES = "application/x-www-form-urlencoded", "application/json", "multipart/form-data"
_QUERIES: Final = ("config", "source", "syndicate-to", "category")
_ERRORS: Final = {
    "invalid": ("invalid_request", 400),
    "malformed": ("invalid_request", 400),
    "not_found": ("invalid_request", 400),
    "gone": ("invalid_request", 400),
}
"""What a refusal is called here, and its status; others keep the name and the status that they have elsewhere."""


@get("/", right="posts.read")
async def query(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    rates: NamedDependency[Rates],
) -> Response[bytes]:
    """What this endpoint can do, the properties of a post, or the tags that there are."""
    reader = await _recognised(request, databases, rates, bearer_token(request.scope["headers"]))
    pairs = _pairs(request.scope["query_string"])
    asked = [value for name, value in pairs if name == "q"]
    match asked:
        case ["config"]:
            return _send(
                {
                    "media-endpoint": f"{settings.site_url}/micropub/media",
                    "syndicate-to": [],
                    "q": _QUERIES,
                    "post-types": [{"type": "article", "name": "Post"}, {"type": "photo", "name": "Photo"}],
                    "visibility": ["public"],
                }
            )
        case ["syndicate-to"]:
            return _send({"syndicate-to": []})
        case ["category"]:
            async with databases.site.read() as connection:
                found = await posts.tags.in_use(connection, reader.actor)
            return _send({"categories": [each.name for each in found]})
        case ["source"]:
            urls = [value for name, value in pairs if name == "url"]
            only = [value for name, value in pairs if name in ("properties", "properties[]")]
            if not urls:
                return _send(await micropub_lists.listed(databases, settings, reader, pairs, only))
            return _send(await _source(databases, settings, reader, urls[0], only))
        case _:
            raise Invalid(f"ask with `q` for one of {', '.join(_QUERIES)}")


@post("/", status_code=201, request_max_body_size=MAX_FORM_BYTES, right="posts.read")
async def act(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    rates: NamedDependency[Rates],
) -> Response[bytes]:
    """Make, change, delete or bring back a post. The right asked for here is the least; each act asks for its own."""
    async with _read(request, databases, settings, rates) as (writer, command, files, digest):
        pictures = micropub_photos.Pictures(
            databases=databases, settings=settings, store=store, worker=worker, by=writer.actor
        )
        match command.action:
            case "create":
                rights.require(writer.actor, "posts.change")
                if files:
                    rights.require(writer.actor, "media.change")

                async def make(post_id: str) -> Response[bytes]:
                    return await _create(
                        databases, settings, pictures, command, files, post_id, keyed=HEADER in request.headers
                    )

                return await once(request, databases.ttl, writer, digest, make)
            case "update":
                return await _update(databases, settings, pictures, command)
            case "delete":
                async with databases.site.read() as connection:
                    found = await _find(connection, settings, command.url)
                await posts.trash.put(databases.site, writer.actor, found.id)
                return _done()
            case "undelete":
                return await _undelete(databases, settings, writer, command.url)


@post("/media", status_code=201, request_max_body_size=MAX_FORM_BYTES, right="media.change")
async def upload(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    store: NamedDependency[ObjectStore],
    worker: NamedDependency[ServiceClient],
    rates: NamedDependency[Rates],
) -> Response[bytes]:
    """Take in the one file of a form, and say by what address a post may name it as a `photo`."""
    writer = await _recognised(request, databases, rates, bearer_token(request.scope["headers"]))
    rights.require(writer.actor, "media.change")
    async with file_forms.form_of(request, settings) as form:
        form.require_files()
        if len(form.files) > 1:
            raise Invalid("send one file at a time")
        pictures = micropub_photos.Pictures(
            databases=databases, settings=settings, store=store, worker=worker, by=writer.actor
        )

        async def make(_: str) -> Response[bytes]:
            asset_id = await pictures.keep(form.files[0], "")
            return _send({}, 201, {"location": picture_url(asset_id, settings.site_url)})

        return await once(request, databases.ttl, writer, form.files[0].received.sha256, make)


async def _create(
    databases: Databases,
    settings: Settings,
    pictures: micropub_photos.Pictures,
    command: Command,
    files: Sequence[Sent],
    post_id: str,
    *,
    keyed: bool,
) -> Response[bytes]:
    entry = await micropub_entries.of_properties(command.properties)
    entry = replace(entry, photo=await pictures.all_of(entry.photo, files, command.properties))
    # A token that may write and not publish makes drafts, as IndieAuth's scope `draft` does.
    if not entry.status and not pictures.by.may("posts.publish"):
        entry = replace(entry, status="draft")
    elif entry.status != "draft":
        rights.require(pictures.by, "posts.publish")
    if not (entry.name or entry.content.strip() or entry.photo):
        raise Invalid("a post has at least a name, a content or a photo")
    later = entry.at_us is not None and entry.at_us > clock.now_us()
    at_us = entry.at_us
    fields = micropub_entries.fields_of(replace(entry, at_us=None) if later else entry)
    made = await whole.begin(databases.site, pictures.by, "post", msgspec.convert(fields, Draft), post_id)
    if entry.status != "draft" and made.state == "draft":
        try:
            await posts.publish(databases.site, pictures.by, made.id, at_us, made.number)
        except SdcError as error:
            # A repeat with the same key goes on with this post. Any other one makes a post of its own.
            if not (keyed and isinstance(error, Unavailable)):
                with suppress(SdcError):
                    await posts.trash.put(databases.site, pictures.by, made.id)
            raise
    return await _told(databases, settings, pictures, made.id, 202 if later and entry.status != "draft" else 201)


async def _update(
    databases: Databases, settings: Settings, pictures: micropub_photos.Pictures, command: Command
) -> Response[bytes]:
    """Readers see the change at once where they saw the newest revision; elsewhere it waits with the rest."""
    async with databases.site.read() as connection:
        found = await _find(connection, settings, command.url)
        before = await whole.whole(connection, pictures.by, found.id)
    rights.require(pictures.by, "posts.change", found.author_id)
    old = micropub_entries.of_post(before, settings.site_url)
    entry = await micropub_entries.updated(old, command)
    if entry.status == "draft" and before.state == "draft":
        entry = replace(entry, status="")
    elif entry.status:
        rights.require(pictures.by, "posts.publish", found.author_id)
    entry = replace(
        entry, photo=await pictures.all_of(entry.photo, (), {}, frozenset(each.asset_id for each in old.photo))
    )
    held = micropub_entries.fields_of(old)
    changes = {name: value for name, value in micropub_entries.fields_of(entry).items() if value != held[name]}
    saved = await whole.amend(databases.site, pictures.by, found.id, changes, before.number)
    if entry.status == "draft":
        await posts.unpublish(databases.site, pictures.by, found.id, saved.number)
    elif entry.status == "published" or (
        before.state == "published" and saved.number != before.number and pictures.by.may("posts.publish")
    ):
        await posts.publish(databases.site, pictures.by, found.id, base_number=saved.number)
    async with databases.site.read() as connection:
        after = await posts.find(connection, pictures.by, found.id)
    return _done() if after.path == found.path else _moved(settings, after)


async def _undelete(databases: Databases, settings: Settings, writer: Bearer, url: str) -> Response[bytes]:
    kind_and_slug = address_of(_path(settings, url))
    async with databases.site.read() as connection:
        found = await posts.trash.at(connection, *kind_and_slug) if kind_and_slug else None
    if found is None:
        raise NotFound("no post that was at this `url` is in the trash")
    back = await posts.trash.bring_back(databases.site, writer.actor, found)
    return _done() if back.path == _path(settings, url) else _moved(settings, back)


async def _source(databases: Databases, settings: Settings, reader: Bearer, url: str, only: Sequence[str]) -> Json:
    async with databases.site.read() as connection:
        found = await _find(connection, settings, url)
        post = await whole.whole(connection, reader.actor, found.id)
    entry = micropub_entries.of_post(post, settings.site_url)
    properties = micropub_entries.told(entry, "published" if post.on_site else "draft", post.published_at_us)
    if only:
        return {"properties": {name: values for name, values in properties.items() if name in only}}
    return {"type": ["h-entry"], "properties": properties}


async def _find(connection: Connection, settings: Settings, url: str) -> Post:
    """The post at an address, or at the one that it leads to. Raises NotFound."""
    path = _path(settings, url)
    named = address_of(path)
    post = await catalogue.by_address(connection, *named) if named else None
    if post is None and (target := await redirects.find(connection, path)):
        named = address_of(target)
        post = await catalogue.by_address(connection, *named) if named else None
    if post is None:
        raise NotFound("there is no post at this `url`")
    return post


def _path(settings: Settings, url: str) -> str:
    """The path of an address of this site. Raises Invalid."""
    try:
        split = urlsplit(url)
        here = f"{split.scheme}://{split.netloc}" == settings.site_url
        path = unquote(split.path, errors="strict")
    except ValueError:
        here, path = False, ""
    if not here or not path.isprintable():
        raise Invalid(f"`url` is to be an address of this site, {settings.site_url}")
    return path


@asynccontextmanager
async def _read(
    request: AnyRequest, databases: Databases, settings: Settings, rates: Rates
) -> AsyncGenerator[tuple[Bearer, Command, Sequence[Sent], str]]:
    """Who asks, for what, with which files, and a digest of it all. Only a form without files may hold the token: what
    is large is read of nobody who is not known. Raises Unauthorized, Invalid, TooLarge.
    """
    token, kind = bearer_token(request.scope["headers"]), request.content_type[0]
    writer = await _recognised(request, databases, rates, token) if token or kind != _FORM else None
    if writer is not None and kind == _FILES:
        async with file_forms.form_of(request, settings) as form:
            if form.refused:
                raise form.refused[0]
            sent = "\n".join([*(f"{name}={value}" for name, value in form.pairs), *_digests(form.files)])
            pairs = [pair for pair in form.pairs if pair[0] != "access_token"]
            yield writer, of_pairs(pairs), form.files, hashlib.sha256(sent.encode()).hexdigest()
        return
    if kind not in (_FORM, _JSON):
        raise Invalid(f"send a post as {_FORM}, {_JSON} or {_FILES}")
    body = await _body(request)
    digest = hashlib.sha256(body).hexdigest()
    if kind == _JSON:
        command = of_json(body)
    else:
        pairs = _pairs(body)
        inside = [value for name, value in pairs if name == "access_token"]
        if inside and "authorization" in request.headers:
            raise Invalid("send the token once: in the header, or in the form")
        writer = writer or await _recognised(request, databases, rates, inside[0] if len(inside) == 1 else "")
        command = of_pairs([pair for pair in pairs if pair[0] != "access_token"])
    if writer is None:
        raise Unauthorized("send a token")
    yield writer, command, (), digest


def _digests(files: Sequence[Sent]) -> list[str]:
    return [each.received.sha256 for each in files]


async def _body(request: AnyRequest) -> bytes:
    """Raises TooLarge."""
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > incoming.MAX_BODY_BYTES:
                raise TooLarge(f"a post without files has at most {incoming.MAX_BODY_BYTES // 1024 // 1024} MiB")
    return bytes(body)


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Raises Invalid."""
    try:
        pairs = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("this is not readable: too many fields, or not UTF-8") from None
    return pairs


async def _recognised(request: AnyRequest, databases: Databases, rates: Rates, token: str) -> Bearer:
    """Raises Unauthorized, Throttled, and Forbidden for a token that reads the statistics alone."""
    found = await tokens.recognise(databases.site, token)
    if found is None:
        raise Unauthorized("send a token that is in force: `Authorization: Bearer sdc_...`")
    rates.take(found.id, clock.monotonic_us(), request.scope)
    request.scope["state"][ACTOR] = found.actor
    rights.require(found.actor, "posts.read")
    return found


async def _told(
    databases: Databases, settings: Settings, pictures: micropub_photos.Pictures, post_id: str, status_code: int
) -> Response[bytes]:
    async with databases.site.read() as connection:
        made = await posts.find(connection, pictures.by, post_id)
    return _send({}, status_code, {"location": settings.site_url + made.path})


def _moved(settings: Settings, after: Post) -> Response[bytes]:
    return _send({}, 201, {"location": settings.site_url + after.path})


def _done() -> Response[bytes]:
    return Response(b"", status_code=204, headers={"cache-control": "no-store"})


def _send(told: object, status_code: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    sent = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(told), status_code=status_code, headers=sent, media_type=_JSON)


def refuse(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The refusal in the words of Micropub, section 3.8: an object with `error` and `error_description`."""
    if disk.is_full(error):
        error = disk.full()
    refused = problems.respond(request, error)
    problem = problems.of(error)
    name, status_code = _ERRORS.get(problem.code, (problem.code, refused.status_code or problem.status))
    told: Json = {"error": name, "error_description": problem.detail}
    headers = {name: value for name, value in refused.headers.items() if name != "content-type"}
    if isinstance(error, BeyondScope):
        told |= {"error": "insufficient_scope", "scope": error.scope}
        headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    elif isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(told), status_code=status_code, headers=headers, media_type=_JSON)


router = Router(
    path="/micropub",
    route_handlers=[cors.asked_before, query, act, upload],
    middleware=[cors.open_to_pages, rates.tell],
    exception_handlers={SdcError: refuse, HTTPException: refuse, Exception: refuse},
)
