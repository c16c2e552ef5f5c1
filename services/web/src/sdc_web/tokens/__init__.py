"""Tokens of the API: made for a program, shown once, recognised, listed and revoked."""

from sdc_web.authors.rights import Scope
from sdc_web.tokens.bearer import Issued, issue, listing, recognise, revoke
from sdc_web.tokens.store import ApiToken, Bearer

__all__ = ["ApiToken", "Bearer", "Issued", "Scope", "issue", "listing", "recognise", "revoke"]
