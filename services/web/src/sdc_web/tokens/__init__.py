"""Tokens of the API: made for a program, shown once, recognised, listed and revoked."""

from sdc_web.tokens.bearer import Issued, issue, listing, recognise, revoke
from sdc_web.tokens.store import ApiToken, Scope

__all__ = ["ApiToken", "Issued", "Scope", "issue", "listing", "recognise", "revoke"]
