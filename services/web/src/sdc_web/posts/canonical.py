"""The canonical address: where a text is at home, for search engines, when it first appeared on another site."""

from urllib.parse import quote, urlsplit

from msgspec.structs import replace
from sdc_core.errors import Invalid

from sdc_web.posts.records import Draft

MAX_LENGTH = 1_000
_KEPT = "/%?#:=&~+!$,;'@()*[]-._"
_WORDS = "Write a whole address that begins with https:// or http://, without spaces."


def check(text: str) -> str:
    """The address in ASCII as it is stored, empty for none. Raises Invalid."""
    given = text.strip()
    if not given:
        return ""
    if len(given) > MAX_LENGTH:
        raise Invalid(f"An address has at most {MAX_LENGTH} characters.", field="canonical_url")
    try:
        split = urlsplit(given)
        host = split.hostname or ""
        _ = split.port
        readable = given.isprintable() and not {" ", "\\", '"', "<", ">"} & set(given)
        whole = split.scheme in ("http", "https") and host.isascii() and "." in host and "@" not in split.netloc
    except ValueError:
        readable = whole = False
    if not (readable and whole):
        raise Invalid(_WORDS, field="canonical_url")
    try:
        return quote(given, safe=_KEPT)
    except UnicodeEncodeError:
        raise Invalid(_WORDS, field="canonical_url") from None


def without_own(draft: Draft, own_url: str) -> Draft:
    """The draft; a page names its own address by itself, so that one counts as none."""
    return replace(draft, canonical_url="") if draft.canonical_url.strip().rstrip("/") == own_url else draft
