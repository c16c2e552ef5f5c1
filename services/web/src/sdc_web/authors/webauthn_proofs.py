"""What a site asks of keys, and whether their answers prove what they say: all that the library does.

The library is 6 MB, and most processes never see a passkey: `passkeys` loads this module when the first one comes.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from sdc_core.errors import Unauthorized
from webauthn.helpers import options_to_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from sdc_web.authors import ceremonies
from sdc_web.authors.webauthn_answers import Answer, Person, RelyingParty, credential_id

TIMEOUT_MS = ceremonies.LIFETIME_US // 1000
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""What authenticators in use can do; fewer kinds are fewer parsers."""
_REFUSED = (
    WebAuthnException, UnsupportedAlgorithm, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    RecursionError,
)  # fmt: skip
"""The library names what it looks for, and stumbles in many ways over what nobody expects: all are a bad answer."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: `aaguid` names the kind of authenticator, as far as it says."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    aaguid: str
    transports: list[str]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A key that answered, and its counter."""

    sign_count: int


def ask_for_new(party: RelyingParty, title: str, person: Person, challenge: bytes, known: Iterable[bytes]) -> str:
    """Options for `navigator.credentials.create()`, as JSON. None of the keys that are known is made twice."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=title,
        user_id=person.id.encode(),
        user_name=person.name,
        user_display_name=person.display_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def ask_for_known(party: RelyingParty, challenge: bytes, known: Iterable[bytes]) -> str:
    """Options for `navigator.credentials.get()`, as JSON: for these keys, or for any where there are none."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def verify_made(answer: Answer, party: RelyingParty, challenge: bytes) -> Made:
    """A new key. Raises Unauthorized for an answer that is forged, for another site, or without a person's proof."""
    try:
        verified = webauthn.verify_registration_response(
            credential=_as_library_reads(answer, {"attestationObject": answer.response.attestation}),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _REFUSED:
        raise _refused() from None
    if verified.credential_id != credential_id(answer):
        raise _refused()
    return Made(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        synced=verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        aaguid=verified.aaguid,
        transports=[name for name in answer.response.transports if re.fullmatch(r"[a-z-]{1,20}", name)][:8],
    )


def verify_shown(answer: Answer, party: RelyingParty, challenge: bytes, public_key: bytes) -> Shown:
    """A known key that signed the challenge. Raises Unauthorized. Its counter is the caller's to judge."""
    sent = {
        "authenticatorData": answer.response.authenticator_data,
        "signature": answer.response.signature,
        "userHandle": answer.response.user_handle,
    }
    try:
        verified = webauthn.verify_authentication_response(
            credential=_as_library_reads(answer, sent),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _REFUSED:
        raise _refused() from None
    return Shown(sign_count=verified.new_sign_count)


def _as_library_reads(answer: Answer, response: dict[str, str | None]) -> dict[str, Any]:
    return {
        "id": answer.id,
        "rawId": answer.id,
        "type": answer.type,
        "response": {"clientDataJSON": answer.response.client_data, **response},
    }


def _refused() -> Unauthorized:
    return Unauthorized("this passkey could not be verified: try again, or choose another way in")
