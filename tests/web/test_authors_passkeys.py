"""What a passkey may say, and every way in which somebody may lie with one."""

import json
from contextlib import suppress

import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid, NotFound, SdcError, Unauthorized
from sdc_core.sqlite import execute, fetch_value
from sdc_web import audit
from sdc_web.authors import accounts, ceremonies, passkeys, webauthn_answers, webauthn_proofs
from sdc_web.authors.passkey_store import Passkey
from sdc_web.authors.passkeys import Holder, Name
from sdc_web.authors.store import Author
from sdc_web.authors.webauthn_answers import Person, RelyingParty, relying_party
from sdc_web.db import Databases
from webauthn.helpers import bytes_to_base64url

from hostile_input import PIECES
from signing_in import OWNER
from software_key import UP, UV, Lies, SoftwareKey

PARTY = RelyingParty(id="localhost", origin="http://localhost:8000")
HOLDER = Holder(secret="a session", address="192.0.2.1")
NOW_US = 1_800_000_000_000_000


async def author_of(databases: Databases, name: str = "ada", password: str | None = None) -> Author:
    return await accounts.create(
        databases, OWNER, name=name, display_name=name.title(), password=password, role="author"
    )


async def asked_for_new(databases: Databases, author: Author, holder: Holder = HOLDER) -> str:
    person = Person(id=author.id, name=author.name, display_name=author.display_name)
    return await passkeys.ask_for_new(databases, PARTY, person, holder)


async def added(databases: Databases, author: Author, key: SoftwareKey, name: str = "Laptop") -> Passkey:
    made = key.make(await asked_for_new(databases, author))
    return await passkeys.add(databases, PARTY, author.actor, HOLDER, made, Name(given=name))


async def asked(databases: Databases, holder: Holder = HOLDER) -> str:
    return await passkeys.ask_for_known(databases, PARTY, "sign-in", holder)


async def proved(databases: Databases, answer: str, holder: Holder = HOLDER) -> tuple[Author, bool]:
    return await passkeys.prove(databases, PARTY, "sign-in", holder, answer)


async def test_a_key_that_was_added_signs_its_author_in(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    passkey = await added(databases, author, key)
    found, copied = await proved(databases, key.show(await asked(databases)))
    assert (found.id, copied) == (author.id, False)
    (kept,) = await passkeys.listing(databases, author.actor)
    assert (kept.id, kept.name, kept.synced, kept.sign_count) == (passkey.id, "Laptop", False, 2)
    assert kept.last_used_at_us is not None


async def test_options_ask_for_a_key_that_knows_its_author_and_proves_a_person(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    made = json.loads(await asked_for_new(databases, author))
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert (made["attestation"], made["rp"]["id"]) == ("none", "localhost")
    assert len(made["excludeCredentials"]) == 1
    known = json.loads(await asked(databases))
    assert (known["userVerification"], known["allowCredentials"], known["rpId"]) == ("required", [], "localhost")


LIES = {
    "another origin": Lies(origin="https://evil.example"),
    "another port": Lies(origin="http://localhost:9000"),
    "an origin that begins alike": Lies(origin="http://localhost:8000.evil.example"),
    "another site's key": Lies(rp_id="evil.example"),
    "a challenge of their own": Lies(challenge="AAAA"),
    "nobody verified": Lies(flags=UP),
    "nobody present": Lies(flags=UV),
    "the other ceremony": Lies(type="payment.get"),
    "another site's frame": Lies(cross_origin=True),
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES.keys())
async def test_no_key_is_added_by_a_lie(databases: Databases, lies: Lies) -> None:
    author = await author_of(databases)
    made = SoftwareKey().make(await asked_for_new(databases, author), lies)
    with pytest.raises(Unauthorized):
        await passkeys.add(databases, PARTY, author.actor, HOLDER, made, Name())
    assert await passkeys.listing(databases, author.actor) == []


MORE_LIES = LIES | {
    "a signature of zeros": Lies(signature=bytes(70)),
    "another author's name": Lies(user_handle="bm9ib2R5"),
}


@pytest.mark.parametrize("lies", MORE_LIES.values(), ids=MORE_LIES.keys())
async def test_nobody_signs_in_by_a_lie(databases: Databases, lies: Lies) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    answer = key.show(await asked(databases), lies)
    with pytest.raises(Unauthorized):
        await proved(databases, answer)


async def log_of(databases: Databases, action: audit.Action) -> list[str]:
    async with databases.site.read() as connection:
        entries = await audit.page(connection, OWNER, audit.Filters())
    return [entry.words for entry in entries if entry.action == action]


async def test_a_key_that_did_not_sign_is_in_the_audit_log(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    with pytest.raises(Unauthorized):
        await proved(databases, key.show(await asked(databases), Lies(signature=bytes(70))))
    assert await log_of(databases, "session.refused") == ["by a passkey of ada"]


async def test_another_key_with_the_same_id_signs_nobody_in(databases: Databases) -> None:
    author, key, other = await author_of(databases), SoftwareKey(), SoftwareKey()
    await added(databases, author, key)
    other.id, other.user_handle = key.id, key.user_handle
    answer = other.show(await asked(databases))
    with pytest.raises(Unauthorized):
        await proved(databases, answer)


async def test_an_answer_is_good_once(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey(counts=False)
    await added(databases, author, key)
    answer = key.show(await asked(databases))
    await proved(databases, answer)
    with pytest.raises(Unauthorized, match="used before"):
        await proved(databases, answer)


async def test_a_refused_answer_has_used_its_challenge_up(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    options = await asked(databases)
    for lies in (Lies(signature=bytes(70)), Lies()):
        with pytest.raises(Unauthorized):
            await proved(databases, key.show(options, lies))


async def test_a_challenge_is_good_for_five_minutes(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    with clock.frozen(NOW_US):
        options = await asked(databases)
    with clock.frozen(NOW_US + ceremonies.LIFETIME_US), pytest.raises(Unauthorized):
        await proved(databases, key.show(options))


async def test_a_challenge_of_another_browser_or_another_purpose_is_not_mine(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    with pytest.raises(Unauthorized):
        await proved(databases, key.show(await asked(databases, Holder(secret="somebody else's"))))
    with pytest.raises(Unauthorized):
        await passkeys.prove(databases, PARTY, "confirm", HOLDER, key.show(await asked(databases)))


async def test_another_authors_key_confirms_nothing_of_mine(databases: Databases) -> None:
    ada, eve = await author_of(databases), await author_of(databases, "eve")
    hers = SoftwareKey()
    await added(databases, eve, hers)
    options = await passkeys.ask_for_known(databases, PARTY, "confirm", HOLDER, ada.id)
    with pytest.raises(Unauthorized):
        await passkeys.prove(databases, PARTY, "confirm", HOLDER, hers.show(options))


async def test_a_key_that_another_author_began_is_not_added_to_mine(databases: Databases) -> None:
    ada, eve = await author_of(databases), await author_of(databases, "eve")
    made = SoftwareKey().make(await asked_for_new(databases, eve))
    with pytest.raises(Unauthorized):
        await passkeys.add(databases, PARTY, ada.actor, HOLDER, made, Name())


async def test_a_known_key_is_not_added_again_by_anybody(databases: Databases) -> None:
    ada, eve, key = await author_of(databases), await author_of(databases, "eve"), SoftwareKey()
    await added(databases, ada, key)
    for author in (ada, eve):
        with pytest.raises(Conflict):
            await added(databases, author, key)


async def test_a_removed_key_and_a_key_of_a_removed_author_open_nothing(databases: Databases) -> None:
    ada, eve = await author_of(databases, password="correct horse battery staple"), await author_of(databases, "eve")
    key, hers = SoftwareKey(), SoftwareKey()
    passkey = await added(databases, ada, key)
    await added(databases, eve, hers)
    await passkeys.remove(databases, ada.actor, passkey.id)
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM authors WHERE id = :id", {"id": eve.id})
    for each in (key, hers):
        answer = each.show(await asked(databases))
        with pytest.raises(Unauthorized, match="not known here"):
            await proved(databases, answer)


async def test_a_counter_that_went_back_is_told_and_lets_in(databases: Databases) -> None:
    author, key = await author_of(databases), SoftwareKey()
    await added(databases, author, key)
    await proved(databases, key.show(await asked(databases)))
    key.count = 0
    _, copied = await proved(databases, key.show(await asked(databases)))
    (kept,) = await passkeys.listing(databases, author.actor)
    assert (copied, kept.suspect_at_us is not None, kept.sign_count) == (True, True, 2)
    assert await log_of(databases, "passkey.suspected") == ["Laptop"]


@pytest.mark.parametrize("key", [SoftwareKey(counts=False), SoftwareKey(synced=True)], ids=["counts not", "synced"])
async def test_a_key_that_does_not_count_is_no_copy(databases: Databases, key: SoftwareKey) -> None:
    author = await author_of(databases)
    await added(databases, author, key)
    for _ in range(2):
        key.count = min(key.count, 1)
        assert (await proved(databases, key.show(await asked(databases))))[1] is False


async def test_the_last_way_in_is_not_removed_and_a_password_is_another(databases: Databases) -> None:
    author = await author_of(databases)
    first = await added(databases, author, SoftwareKey())
    with pytest.raises(Conflict, match="only way in"):
        await passkeys.remove(databases, author.actor, first.id)
    second = await added(databases, author, SoftwareKey())
    await passkeys.remove(databases, author.actor, first.id)
    await accounts.set_password(databases, author.actor, author.name, "correct horse battery staple")
    await passkeys.remove(databases, author.actor, second.id)
    assert await passkeys.listing(databases, author.actor) == []


async def test_keys_are_counted_for_whoever_has_any(databases: Databases) -> None:
    ada, _ = await author_of(databases), await author_of(databases, "eve")
    for _ in range(2):
        await added(databases, ada, SoftwareKey())
    assert await passkeys.counts(databases) == {ada.id: 2}


async def test_nobody_renames_or_removes_the_key_of_another(databases: Databases) -> None:
    ada, eve = await author_of(databases), await author_of(databases, "eve")
    hers = await added(databases, eve, SoftwareKey())
    with pytest.raises(NotFound):
        await passkeys.rename(databases, ada.actor, hers.id, "Mine now")
    with pytest.raises(NotFound):
        await passkeys.remove(databases, ada.actor, hers.id)


@pytest.mark.parametrize("name", ["x" * 61, "a\x7fb", "a\ud800b"])
async def test_a_name_that_cannot_be_uses_no_challenge_up(databases: Databases, name: str) -> None:
    author, key = await author_of(databases), SoftwareKey()
    made = key.make(await asked_for_new(databases, author))
    with pytest.raises(Invalid):
        await passkeys.add(databases, PARTY, author.actor, HOLDER, made, Name(given=name))
    assert (await passkeys.add(databases, PARTY, author.actor, HOLDER, made, Name())).name == "Passkey"


async def test_one_address_holds_few_challenges(databases: Databases) -> None:
    for _ in range(ceremonies.MOST_OF_ONE_ADDRESS + 5):
        await asked(databases)
    await asked(databases, Holder(secret="another", address="192.0.2.2"))
    async with databases.ttl.read() as connection:
        found = await fetch_value(connection, "SELECT count(*) FROM ceremonies")
    assert found == ceremonies.MOST_OF_ONE_ADDRESS + 1


def hostile(answer: str) -> list[str]:
    """Answers in which something is not what it should be, byte by byte where bytes are parsed."""
    honest = json.loads(answer)
    response = honest["response"]
    odd = [*PIECES, "A", "AAAA", "=", "AA==", "A" * 5000, "9w", "oA", "gYGBgYE", 1, None, [], {}]
    told = [json.dumps(honest | {"response": response | {name: piece}}) for name in response for piece in odd]
    told += [json.dumps(honest | {name: piece}) for name in ("id", "type", "response") for piece in odd]
    for name in ("attestationObject", "authenticatorData", "clientDataJSON"):
        raw = webauthn_answers.decoded(response.get(name, ""))
        broken = [raw[:at] for at in range(len(raw))] + [
            bytes([*raw[:at], 255, *raw[at + 1 :]]) for at in range(len(raw))
        ]
        told += [json.dumps(honest | {"response": response | {name: bytes_to_base64url(each)}}) for each in broken]
    return [*told, "", "null", "[]", "{", "[" * 100_000, "\ud800", "x" * 20_000, '{"id": 1}']


def test_hostile_answers_are_refused_and_never_a_fault() -> None:
    key, challenge = SoftwareKey(), b"challenge"
    options = {"challenge": bytes_to_base64url(challenge), "user": {"id": "QQ"}}
    honest = webauthn_answers.read(key.make(json.dumps(options)))
    public_key = webauthn_proofs.verify_made(honest, PARTY, challenge).public_key
    refused = 0
    for text in hostile(key.make(json.dumps(options))):
        with suppress(SdcError):
            answer = webauthn_answers.read(text)
            webauthn_answers.challenge_of(answer)
            made = webauthn_proofs.verify_made(answer, PARTY, challenge)
            # Whatever was taken for a public key, nothing verifies with it but its own private half.
            with pytest.raises(Unauthorized):
                webauthn_proofs.verify_shown(answer, PARTY, challenge, made.public_key)
    for text in hostile(key.show(json.dumps(options))):
        try:
            answer = webauthn_answers.read(text)
            webauthn_answers.challenge_of(answer)
            webauthn_proofs.verify_shown(answer, PARTY, challenge, public_key)
        except SdcError:
            refused += 1
    assert refused > 500


@pytest.mark.parametrize("public_key", [b"", b"\x04", b"\x04" + bytes(64), b"\xa0", b"\xa1\x01\x02", bytes(200)])
def test_a_stored_key_that_is_none_signs_nobody_in(public_key: bytes) -> None:
    shown = SoftwareKey().show(json.dumps({"challenge": "AAAA"}))
    with pytest.raises(Unauthorized):
        webauthn_proofs.verify_shown(webauthn_answers.read(shown), PARTY, bytes(3), public_key)


@pytest.mark.parametrize(
    ("site_url", "found"),
    [
        ("https://example.org", RelyingParty(id="example.org", origin="https://example.org")),
        (
            "https://Notes.Example.org:8443",
            RelyingParty(id="notes.example.org", origin="https://notes.example.org:8443"),
        ),
        ("http://localhost:8000", PARTY),
        ("http://example.org", None),
        ("http://127.0.0.1:8000", None),
        ("https://[::1]", None),
    ],
)
def test_a_site_has_passkeys_where_browsers_allow_them(site_url: str, found: RelyingParty | None) -> None:
    assert relying_party(site_url) == found
