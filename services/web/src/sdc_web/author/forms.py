"""Forms from outside become Structs here, once. What is malformed is the sender's fault, and is answered as such."""

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from sdc_core.errors import Invalid

from sdc_web.problems import AnyRequest

MAX_FIELDS = 40
FormT = TypeVar("FormT", bound=msgspec.Struct)


async def read(request: AnyRequest, form: type[FormT]) -> FormT:
    """The fields of a URL-encoded body. Raises Invalid for another type, unknown or repeated fields, wrong values."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise Invalid("send this form as application/x-www-form-urlencoded")
    return fields((await request.body()).decode("latin-1"), form)


def fields(encoded: str, form: type[FormT]) -> FormT:
    """The same, of a query string."""
    try:
        return msgspec.convert(pairs(encoded), form, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"this form cannot be used: {error}") from None


def pairs(encoded: str) -> dict[str, str]:
    """Names and values, whatever form they are of. Raises Invalid for what no form of ours sends."""
    try:
        sent = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid("this form is not readable: too many fields, or not UTF-8") from None
    named = dict(sent)
    if len(named) != len(sent):
        raise Invalid("a field of this form was sent twice")
    if any("\0" in value for value in named.values()):
        raise Invalid("a field of this form holds a zero character")
    return named
