"""What a program sends becomes a Struct here, once: the body, the query, the revision that If-Match names."""

import hashlib
import re
from collections.abc import Collection
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeAlias, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta
from sdc_core import clock
from sdc_core.errors import Invalid

from sdc_web.problems import AnyRequest

MAX_BODY_BYTES = 5 * 1024 * 1024
"""The longest text, each of its characters written as two escapes of six bytes."""
MAX_FIELDS = 20
MAX_LISTED = 200
"""Of a query whose parameters may be lists."""
MAX_SAID = 300
FIRST_YEAR = 1970
JSON = "application/json"
_FIELD = re.compile(r"(?:at `\$\.| field `)(\w{1,40})")
# What a proxy that compresses makes of an ETag is weak; only the number counts.
_IF_MATCH = re.compile(r'\*|(?:W/)?"([0-9]{1,9})(?:-[0-9a-f]{1,64})?"')
T = TypeVar("T", bound=msgspec.Struct)

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=100)]
Cursor: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-Z]{26}$")]
_PLAYED_OR_SHOWN = ("image/", "audio/", "video/")
_FILES = frozenset({"application/octet-stream", "application/pdf", "application/zip"})


async def body(request: AnyRequest, form: type[T]) -> T:
    """The JSON body. Raises Invalid with the field at fault, and HTTPException: 400 for what is no JSON, 413, 415."""
    if request.content_type[0] != JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    sent = await request.body()
    try:
        return msgspec.json.decode(sent, type=form)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HTTPException(status_code=HTTPStatus.BAD_REQUEST) from None


def given(changes: msgspec.Struct) -> dict[str, object]:
    """The fields that were sent."""
    return {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not UNSET}


async def body_sha256(request: AnyRequest) -> str:
    """The digest of the body, in hexadecimal."""
    return hashlib.sha256(await request.body()).hexdigest()


def require_file(request: AnyRequest) -> None:
    """Raises HTTPException, 415, unless the body is a file itself and not a form: its bytes tell what it is."""
    kind = request.content_type[0]
    if (
        not (kind.startswith(_PLAYED_OR_SHOWN) or kind in _FILES)
        or request.headers.get("content-encoding", "identity") != "identity"
    ):
        raise HTTPException(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def query(request: AnyRequest, form: type[T], lists: Collection[str] = ()) -> T:
    """The query. Raises Invalid for unknown parameters, for wrong values, and for those that are repeated and no
    `lists`.
    """
    encoded = request.scope["query_string"].decode("latin-1")
    most = MAX_LISTED if lists else MAX_FIELDS
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:
        raise Invalid("the query is not readable: too many parameters, or not UTF-8") from None
    named: dict[str, str | list[str]] = {}
    for name, value in pairs:
        if name in lists:
            named[name] = [*named.get(name, ()), value]
        elif name in named:
            raise Invalid("a parameter was sent twice")
        else:
            named[name] = value
    try:
        return msgspec.convert(named, form, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def required_base(request: AnyRequest) -> int | None:
    """The same as `base_number`. Raises HTTPException, 428, without that header."""
    if "if-match" not in request.headers:
        words = "send the ETag of the post as you know it in If-Match"
        raise HTTPException(status_code=HTTPStatus.PRECONDITION_REQUIRED, detail=words)
    return base_number(request)


def base_number(request: AnyRequest) -> int | None:
    """The revision number that If-Match names, None for `*` and without that header: any will do. Raises Invalid."""
    sent = request.headers.getall("if-match", [])
    if not sent:
        return None
    named = _IF_MATCH.fullmatch(sent[0].strip()) if len(sent) == 1 else None
    if named is None:
        raise Invalid('If-Match names one revision, as the ETag of the post does: "7"', field="If-Match")
    return None if named[1] is None else int(named[1])


def at_us(at: datetime, field: str) -> int:
    """The moment in microseconds. Raises Invalid for that field when no page can name it."""
    try:
        moment = at.astimezone(UTC)
    except OverflowError:
        raise Invalid("that moment is out of reach", field=field) from None
    if moment.year < FIRST_YEAR:
        raise Invalid(f"a moment before {FIRST_YEAR} cannot be published", field=field)
    return clock.from_datetime(moment)


def _invalid(error: msgspec.ValidationError) -> Invalid:
    words = str(error)
    field = _FIELD.search(words)
    return Invalid(words[:MAX_SAID], field=field[1] if field else "")
