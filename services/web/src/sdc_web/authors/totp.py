"""Codes from an app (TOTP, RFC 6238): setting them up, checking one, turning them off."""

import base64
import hmac
import re
from pathlib import Path

import msgspec
import pyotp
from sdc_core import clock
from sdc_core.errors import Invalid, NotFound, Throttled, Unauthorized

from sdc_web import audit
from sdc_web.authors import rights, sealing, throttle, totp_store
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.sessions import endings

SECRET_BYTES = 20
STEP_US = 30 * clock.SECOND_US
DRIFT_STEPS = (0, -1, 1)
"""A clock may be half a minute off, and typing takes time."""
ENROLMENT_US = 15 * 60 * clock.SECOND_US
_CODE = re.compile(r"[0-9]{6}")


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is being set up: in base32 for people, as an address for apps."""

    secret: str
    uri: str


async def begin(databases: Databases, by: Actor, key_file: Path) -> None:
    """A fresh secret of theirs waits for its first code. One in use goes on until then."""
    rights.require(by, "account.change", by.id)
    secret = clock.random_bytes(SECRET_BYTES)
    sealed = await sealing.seal(key_file, secret, by.id)
    async with databases.ttl.transaction() as connection:
        await totp_store.put_enrolment(connection, by.id, sealed, clock.now_us() + ENROLMENT_US)


async def enrolment(databases: Databases, by: Actor, key_file: Path, *, site: str) -> Enrolment:
    """The secret that waits. Raises NotFound when there is none, or its fifteen minutes are over."""
    rights.require(by, "account.change", by.id)
    secret = await _enrolled(databases, key_file, by.id)
    return Enrolment(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=by.name, issuer_name=site))


async def confirm(databases: Databases, by: Actor, key_file: Path, code: str, *, kept_id: str = "") -> None:
    """Turn codes on with the first one of the waiting secret; what a password alone opened ends, but for the session
    named. Raises Invalid for a wrong one, and NotFound.
    """
    rights.require(by, "account.change", by.id)
    secret = await _enrolled(databases, key_file, by.id)
    step = matching_step(secret, code, clock.now_us())
    if step is None:
        raise Invalid("this code does not fit: is the clock of your device right?", field="code")
    sealed = await sealing.seal(key_file, base64.b32decode(secret), by.id)
    async with databases.site.transaction() as connection:
        await totp_store.put(connection, by.id, sealed, step, clock.now_us())
        await audit.record(connection, by, "factor.codes_on", by.id, "")
        await endings.with_change(databases, connection, by, by.id, kept_id)
    async with databases.ttl.transaction() as connection:
        await totp_store.delete_enrolment(connection, by.id)


async def is_on(databases: Databases, author_id: str) -> bool:
    """Whether a password needs a code beside it."""
    async with databases.site.read() as connection:
        return await totp_store.find(connection, author_id) is not None


async def turn_off(databases: Databases, by: Actor, *, kept_id: str = "") -> None:
    """Their password is enough from now on; sessions end but the one named. Raises NotFound when it was before."""
    rights.require(by, "account.change", by.id)
    async with databases.site.transaction() as connection:
        if not await totp_store.delete(connection, by.id):
            raise NotFound("no codes are asked for")
        await audit.record(connection, by, "factor.codes_off", by.id, "")
        await endings.with_change(databases, connection, by, by.id, kept_id)


async def verify(databases: Databases, whose: Actor, key_file: Path, code: str) -> None:
    """Raises Unauthorized unless this is their code now, used for the first time; Throttled after failures."""
    concerned = (whose.id, f"as {whose.name}, by a code after the password")
    limits = throttle.code_keys(whose.id)
    try:
        await throttle.count(databases.ttl, limits)
    except Throttled:
        await audit.refused(databases, None, "session.throttled", *concerned)
        raise
    async with databases.site.read() as connection:
        kept = await totp_store.find(connection, whose.id)
    secret = None if kept is None else await sealing.unseal(key_file, kept.sealed, whose.id)
    if secret is None:
        await throttle.forgive(databases.ttl, limits)
        raise Unauthorized("this machine cannot check codes any more, for it was restored without their key")
    step = matching_step(base64.b32encode(secret).decode(), code, clock.now_us())
    if step is None or not await _use(databases, whose.id, step):
        await audit.refused(databases, None, "session.refused", *concerned)
        raise Unauthorized(
            "this code is not the right one" if step is None else "this code was used before: wait for the next one"
        )
    await throttle.forgive(databases.ttl, limits)


async def _use(databases: Databases, author_id: str, step: int) -> bool:
    """False when the code of that step, or of a later one, was used before."""
    async with databases.site.transaction() as connection:
        return bool(await totp_store.use(connection, author_id, step))


def is_code(text: str) -> bool:
    """Whether it looks like a code of an app, right or wrong."""
    return _CODE.fullmatch("".join(text.split())) is not None


def matching_step(secret: str, code: str, now_us: int) -> int | None:
    """The step of 30 seconds that has this code, the present one or a neighbour; None when none has."""
    if not is_code(code):
        return None
    digits = "".join(code.split())
    codes = pyotp.TOTP(secret)
    steps = [now_us // STEP_US + drift for drift in DRIFT_STEPS]
    return next((step for step in steps if hmac.compare_digest(codes.generate_otp(step), digits)), None)


async def _enrolled(databases: Databases, key_file: Path, author_id: str) -> str:
    async with databases.ttl.read() as connection:
        sealed = await totp_store.find_enrolment(connection, author_id, clock.now_us())
    secret = None if sealed is None else await sealing.unseal(key_file, sealed, author_id)
    if secret is None:
        raise NotFound("no app is being set up, or its fifteen minutes are over: begin again")
    return base64.b32encode(secret).decode()
