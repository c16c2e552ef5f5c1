"""Three addresses, as GitHub has them: where a person allows it, where a code becomes a token, who a token is."""

from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from sdc_core.errors import Invalid, NotFound
from sdc_core.settings import Settings

from sdc_web import pages
from sdc_web.authors import github_calls
from sdc_web.authors.github_calls import Provider
from sdc_web.db import Databases
from sdc_web.mock_github.grants import PEOPLE, Exchange, Grants
from sdc_web.problems import AnyRequest

T = TypeVar("T")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a site says when it sends somebody here."""

    client_id: str = ""
    redirect_uri: str = ""
    state: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    allow_signup: str = ""


class Chosen(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same with what the person chose: a number of `PEOPLE`, or 0 to turn it down."""

    person: int


@get("/authorize")
async def show(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """Whoever comes chooses who they are."""
    asked = _fields(request.scope["query_string"], Asked)
    client = _client(settings)
    _require_sound(asked, client)
    return await pages.page(
        request,
        databases,
        "mock_github/authorize.html",
        author=None,
        asked=msgspec.structs.asdict(asked),
        people=PEOPLE,
        allowed_ids=client.allowed_ids,
    )


@post("/authorize", status_code=303)
async def allow(
    request: AnyRequest, settings: NamedDependency[Settings], grants: NamedDependency[Grants]
) -> Response[bytes]:
    """Back to the site that asked, with a code or a refusal."""
    chosen = _fields(await request.body(), Chosen)
    _require_sound(chosen, _client(settings))
    who = next((person for person in PEOPLE if person.id == chosen.person), None)
    answer = {"error": "access_denied", "error_description": "The user has denied your application access."}
    if who is not None:
        answer = {"code": grants.allow(who, chosen.redirect_uri, chosen.code_challenge)}
    return pages.redirect(f"{chosen.redirect_uri}?{urlencode({**answer, 'state': chosen.state})}")


@post("/access_token", status_code=200)
async def exchange(
    request: AnyRequest, settings: NamedDependency[Settings], grants: NamedDependency[Grants]
) -> dict[str, str]:
    """GitHub answers 200 whatever comes of it."""
    token, refusal = grants.exchange(_client(settings), _fields(await request.body(), Exchange))
    return {"error": refusal} if refusal else {"access_token": token, "token_type": "bearer", "scope": ""}


@get("/user")
async def user(request: AnyRequest, grants: NamedDependency[Grants]) -> Response[dict[str, str | int]]:
    """Who the token belongs to."""
    who = grants.owner(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if who is None:
        return Response({"message": "Bad credentials"}, status_code=401)
    return Response({"id": who.id, "login": who.login, "type": "User"})


def router() -> Router:
    """The addresses with a memory of their own, for an application whose settings ask for them."""
    grants = Grants()
    return Router(
        github_calls.MOCK,
        route_handlers=[show, allow, exchange, user],
        dependencies={"grants": Provide(lambda: grants, sync_to_thread=False)},
    )


def _client(settings: Settings) -> Provider:
    client = github_calls.provider(settings)
    if client is None or not settings.GITHUB_MOCK:
        raise NotFound("there is no made-up GitHub here")
    return client


def _require_sound(asked: Asked, client: Provider) -> None:
    """GitHub sends nobody back to an address that the app has not registered."""
    if asked.client_id != client.client_id or asked.redirect_uri != client.redirect_uri:
        raise Invalid("no app of that client_id has registered that redirect_uri")
    if not asked.state or asked.code_challenge_method != "S256" or len(asked.code_challenge) != 43:
        raise Invalid("state and a code_challenge with the method S256 are needed")


def _fields(encoded: bytes, kind: type[T]) -> T:
    try:
        return msgspec.convert(dict(parse_qsl(encoded.decode("latin-1"))), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"this cannot be read: {error}") from None
