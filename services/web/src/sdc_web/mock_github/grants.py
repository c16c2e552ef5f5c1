"""The codes and tokens that the made-up GitHub has given out. In memory: it runs in one process, and forgets."""

import hmac
from typing import TypeAlias

import msgspec
from sdc_core import clock

from sdc_web.authors.github_calls import Identity, Provider, challenge

CODE_US = 10 * 60 * clock.SECOND_US
MAX_KEPT = 100
PEOPLE = (
    Identity(id=1001, login="ada-lovelace"),
    Identity(id=1002, login="grace-hopper"),
    Identity(id=1003, login="a-stranger"),
)
"""The last one is in no allowlist that the settings leave out."""
Refusal: TypeAlias = str


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one person allowed, for the one who asks with the verifier of this challenge."""

    who: Identity
    redirect_uri: str
    code_challenge: str
    until_us: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends to have a code turned into a token."""

    client_id: str = ""
    client_secret: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""


class Grants:
    """Codes until they are used, tokens until they are pushed out by newer ones."""

    __slots__ = ("_codes", "_tokens")

    def __init__(self) -> None:
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Identity] = {}

    def allow(self, who: Identity, redirect_uri: str, code_challenge: str) -> str:
        """A code for that person."""
        code = clock.new_token()
        until_us = clock.now_us() + CODE_US
        self._codes[code] = Grant(who=who, redirect_uri=redirect_uri, code_challenge=code_challenge, until_us=until_us)
        _keep_newest(self._codes)
        return code

    def exchange(self, client: Provider, asked: Exchange) -> tuple[str, Refusal]:
        """A token, or GitHub's word for what is wrong. A code is gone after one try, whatever came of it."""
        if (asked.client_id, asked.client_secret) != (client.client_id, client.client_secret):
            return "", "incorrect_client_credentials"
        grant = self._codes.pop(asked.code, None)
        if grant is None or grant.until_us <= clock.now_us():
            return "", "bad_verification_code"
        if asked.redirect_uri != grant.redirect_uri:
            return "", "redirect_uri_mismatch"
        if not hmac.compare_digest(challenge(asked.code_verifier), grant.code_challenge):
            return "", "bad_verification_code"
        token = f"gho_{clock.new_token()}"
        self._tokens[token] = grant.who
        _keep_newest(self._tokens)
        return token, ""

    def owner(self, token: str) -> Identity | None:
        """Whose token it is."""
        return self._tokens.get(token)


def _keep_newest(kept: dict[str, Grant] | dict[str, Identity]) -> None:
    while len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]
