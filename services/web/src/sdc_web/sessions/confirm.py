"""Fresh proofs: what signing out cannot undo is done for whoever has just shown again who they are."""

from sdc_core import clock
from sdc_core.errors import SdcError, Unauthorized

from sdc_web.db import Databases
from sdc_web.sessions import store
from sdc_web.sessions.signed_in import SignedIn, sha256

FRESH_US = 10 * 60 * clock.SECOND_US


class ConfirmationNeeded(SdcError):
    """The proof of who sits there is older than ten minutes."""

    code = Unauthorized.code

    def __init__(self) -> None:
        super().__init__("confirm first that it is you")


def require(author: SignedIn) -> None:
    """Raises ConfirmationNeeded, which leads a browser to `/author/confirm` and back with what it sent."""
    if not is_fresh(author):
        raise ConfirmationNeeded


def is_fresh(author: SignedIn) -> bool:
    """Whether `require` would let them pass. Signing in is a proof as well."""
    return clock.now_us() - author.confirmed_at_us <= FRESH_US


async def renew(databases: Databases, author: SignedIn) -> str:
    """The session has been proved anew, and its token is another from now on: the one before opens nothing more.

    Returns the new token. Raises Unauthorized when the session was ended meanwhile.
    """
    token = clock.new_token()
    async with databases.ttl.transaction() as connection:
        if not await store.confirm(connection, author.id, author.session_id, sha256(token), clock.now_us()):
            raise Unauthorized("this session has been ended meanwhile: sign in again")
    return token
