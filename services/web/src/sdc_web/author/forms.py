"""Forms from outside become Structs here, once. What is malformed is the sender's fault, and is answered as such."""

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from sdc_core.errors import Invalid

from sdc_web import opened_by
from sdc_web.opened_by import OpenedBy
from sdc_web.problems import AnyRequest

MAX_FIELDS = 41
MAX_REPEATED = 251
FormT = TypeVar("FormT", bound=msgspec.Struct)


async def read(request: AnyRequest, form: type[FormT], repeated: str = "") -> FormT:
    """The fields of a URL-encoded body. Raises Invalid for another type, unknown or repeated fields, wrong values.

    The one named `repeated` is a list, as checkboxes of one name send it.
    """
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise Invalid("send this form as application/x-www-form-urlencoded")
    return fields((await request.body()).decode("latin-1"), form, repeated)


def fields(encoded: str, form: type[FormT], repeated: str = "") -> FormT:
    """The same, of a query string."""
    sent = _sent(encoded, MAX_REPEATED if repeated else MAX_FIELDS)
    named: dict[str, object] = {**_once([pair for pair in sent if pair[0] != repeated])}
    if repeated:
        named[repeated] = [value for name, value in sent if name == repeated]
    try:
        return msgspec.convert(named, form, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"this form cannot be used: {error}") from None


def pairs(encoded: str) -> dict[str, str]:
    """Names and values, whatever form they are of. Raises Invalid for what no form of ours sends."""
    return _once(_sent(encoded, MAX_FIELDS))


def listed(encoded: str) -> list[tuple[str, str]]:
    """The same in the order sent, of a form that may send one name many times."""
    return _sent(encoded, MAX_REPEATED)


def sender(encoded: str) -> OpenedBy:
    """Whose page the form stood on. Raises Invalid as above."""
    return opened_by.read(dict(_decoded(encoded, MAX_REPEATED)).get(opened_by.FIELD, ""))


def _sent(encoded: str, most: int) -> list[tuple[str, str]]:
    return [pair for pair in _decoded(encoded, most) if pair[0] != opened_by.FIELD]


def _decoded(encoded: str, most: int) -> list[tuple[str, str]]:
    try:
        sent = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:
        raise Invalid("this form is not readable: too many fields, or not UTF-8") from None
    if any("\0" in value for _, value in sent):
        raise Invalid("a field of this form holds a zero character")
    return sent


def _once(sent: list[tuple[str, str]]) -> dict[str, str]:
    named = dict(sent)
    if len(named) != len(sent):
        raise Invalid("a field of this form was sent twice")
    return named
