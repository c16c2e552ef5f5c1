"""What is asked of GitHub: who the person is that came back with a code. Each call has a deadline."""

import base64
import hashlib
from types import MappingProxyType
from typing import Annotated, TypeVar
from urllib.parse import urlencode

import msgspec
from sdc_core import outside
from sdc_core.attempts import Attempt
from sdc_core.errors import Unauthorized, Unavailable
from sdc_core.settings import Settings

CALL_S = 5.0
CALLBACK = "/author/github/callback"
MOCK = "/mock-github"
MOCK_ALLOWED = (1001, 1002)
"""Of the made-up people, where the settings name nobody."""
T = TypeVar("T")
_HEADERS = {"Accept": "application/json", "User-Agent": "SDC"}
_REFUSALS = MappingProxyType({
    "bad_verification_code": "this sign-in took too long, or was finished before: begin again",
    "incorrect_client_credentials": "GitHub knows no such app: check SDC_GITHUB_CLIENT_ID and SDC_GITHUB_CLIENT_SECRET",
    "redirect_uri_mismatch": "GitHub has another callback: enter this site's address and /author/github/callback there",
})  # fmt: skip
"""What GitHub may say of a code, in our words: its own are not shown."""
_REFUSED = frozenset({400, 401, 404})


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """GitHub, or what stands for it, and what this site is to it. `private` says that it is on this machine."""

    client_id: str
    client_secret: str
    allowed_ids: tuple[int, ...]
    redirect_uri: str
    authorize_url: str = "https://github.com/login/oauth/authorize"
    token_url: str = "https://github.com/login/oauth/access_token"  # noqa: S105 - an address
    user_url: str = "https://api.github.com/user"
    call_s: float = CALL_S
    private: bool = False


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person at GitHub: the number stays theirs, the login may pass to somebody else."""

    id: Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
    login: str


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str = ""
    error: str = ""


def provider(settings: Settings) -> Provider | None:
    """None unless the settings say all that is needed."""
    client_id, secret = settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET.get_secret_value()
    redirect_uri = settings.site_url + CALLBACK
    if settings.GITHUB_MOCK:
        return Provider(
            client_id=client_id or "mock",
            client_secret=secret or "mock",
            allowed_ids=settings.GITHUB_ALLOWED_IDS or MOCK_ALLOWED,
            redirect_uri=redirect_uri,
            authorize_url=f"{settings.site_url}{MOCK}/authorize",
            token_url=f"{settings.web_url}{MOCK}/access_token",
            user_url=f"{settings.web_url}{MOCK}/user",
            private=True,
        )
    if not (client_id and secret and settings.GITHUB_ALLOWED_IDS):
        return None
    return Provider(
        client_id=client_id, client_secret=secret, allowed_ids=settings.GITHUB_ALLOWED_IDS, redirect_uri=redirect_uri
    )


def missing(settings: Settings) -> list[str]:
    """The settings that are still needed, once one of them is there."""
    given = {
        "SDC_GITHUB_CLIENT_ID": settings.GITHUB_CLIENT_ID,
        "SDC_GITHUB_CLIENT_SECRET": settings.GITHUB_CLIENT_SECRET.get_secret_value(),
        "SDC_GITHUB_ALLOWED_IDS": settings.GITHUB_ALLOWED_IDS,
    }
    begun = any(given.values()) and not settings.GITHUB_MOCK
    return [name for name, value in given.items() if begun and not value]


def authorize_address(asked: Provider, state: str, verifier: str) -> str:
    """Where the browser goes. No scope is asked for: the public profile has the number."""
    query = {
        "client_id": asked.client_id,
        "redirect_uri": asked.redirect_uri,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "allow_signup": "false",
    }
    return f"{asked.authorize_url}?{urlencode(query)}"


def challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def identify(asked: Provider, code: str, verifier: str) -> Identity:
    """Who came back with this code. Raises Unauthorized when GitHub refuses it, Unavailable when it does not answer."""
    form = {
        "client_id": asked.client_id,
        "client_secret": asked.client_secret,
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": verifier,
    }
    sent_as = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    answer = await outside.post(asked.token_url, body, sent_as, timeout_s=asked.call_s, private=asked.private)
    token = _read(answer, _Token) if answer.ok or answer.status not in _REFUSED else _refusal(answer)
    if not token.access_token:
        raise Unauthorized(_REFUSALS.get(token.error, "GitHub refused this sign-in: begin again"))
    return await _profile(asked, token.access_token)


async def _profile(asked: Provider, access_token: str) -> Identity:
    if not (access_token.isascii() and access_token.isprintable()):
        raise _unreadable()
    headers = {**_HEADERS, "Authorization": f"Bearer {access_token}", "X-GitHub-Api-Version": "2022-11-28"}
    answer = await outside.get(asked.user_url, headers, timeout_s=asked.call_s, private=asked.private)
    return _read(answer, Identity)


def _refusal(answer: Attempt) -> _Token:
    """GitHub refuses with 200; who stands in for it, or GitHub one day, as the standard has it."""
    try:
        return msgspec.json.decode(answer.body, type=_Token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Token()


def _read(answer: Attempt, kind: type[T]) -> T:
    if not answer.ok:
        detail = answer.error or f"it answered {answer.status}"
        raise Unavailable(f"GitHub cannot be asked now ({detail}): try again later, or sign in another way")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _unreadable() from None


def _unreadable() -> Unavailable:
    return Unavailable("GitHub's answer cannot be read: try again later, or sign in another way")
