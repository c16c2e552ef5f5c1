"""Where other sites tell that they lead here: `POST /webmention`, a form of `source` and `target`."""

from urllib.parse import parse_qsl

from litestar import MediaType, Response, post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid
from sdc_core.settings import Settings

from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.webmentions import taking

ADDRESS = "/webmention"
MAX_BYTES = 8_000
_FORM = "application/x-www-form-urlencoded"


@post(ADDRESS, status_code=202)
async def take(
    request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]
) -> Response[str]:
    """It is looked at later, and shown once its author accepts it. What cannot be one is answered 400, as the
    Recommendation wants. Raises Forbidden, NotFound, Throttled.
    """
    try:
        source, target = await _form(request)
        await taking.take(databases.site, settings, source, target)
    except Invalid as error:
        return _said(f"This is no webmention: {error}.\n", 400)
    return _said("Thank you. It will be looked at, and shown once the author has accepted it.\n", 202)


async def _form(request: AnyRequest) -> tuple[str, str]:
    """Other fields may be there, and mean nothing here."""
    body = await request.body() if request.content_type[0] == _FORM else b""
    if len(body) > MAX_BYTES:
        raise Invalid(f"a webmention has at most {MAX_BYTES:,} bytes")
    try:
        sent = parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        sent = []
    given = {name: [value for other, value in sent if other == name] for name in ("source", "target")}
    if not all(len(values) == 1 for values in given.values()):
        raise Invalid(f"send one source and one target, as {_FORM}")
    return given["source"][0], given["target"][0]


def _said(words: str, status_code: int) -> Response[str]:
    headers = {"cache-control": "no-store"}
    return Response(words, status_code=status_code, media_type=MediaType.TEXT, headers=headers)


route_handlers = [take]
