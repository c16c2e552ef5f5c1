"""Forms with files: each file goes to the disk as it comes, in threads, and never through the memory or the loop."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from sdc_core.errors import Invalid, TooLarge
from sdc_core.settings import Settings

from sdc_web import media
from sdc_web.media.upload import Received
from sdc_web.problems import AnyRequest

MAX_PARTS = 100
MAX_FIELD_BYTES = 64 * 1024

Events = AsyncGenerator[MultipartSegment | bytes | None]
"""For each part of a form its head, its bytes in pieces, and None."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that has come, and the name that it has on the sender's machine."""

    name: str
    received: Received


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, by the name of its field, and the files in the order in which they came."""

    fields: dict[str, str]
    files: list[Sent]


@asynccontextmanager
async def form_of(request: AnyRequest, settings: Settings) -> AsyncGenerator[Form]:
    """The form, at least one file among it; the files are deleted at the end of the block.

    Raises Invalid for any other body, and as `media.upload.received` does; then the rest of the body has been read,
    since a browser hears no answer before it has sent everything.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Invalid("send files as multipart/form-data")
    form = Form(fields={}, files=[])
    async with AsyncExitStack() as stack, aclosing(request.stream()) as body:
        try:
            async with aclosing(_events(body, options["boundary"])) as events:
                async for head in events:
                    if not isinstance(head, MultipartSegment):
                        continue
                    if head.filename:
                        file = await stack.enter_async_context(media.upload.received(_bytes_of(events), settings))
                        form.files.append(Sent(name=head.filename, received=file))
                    else:
                        form.fields[head.name or ""] = await _text_of(events)
        except (Invalid, TooLarge):
            async for _ in body:
                pass
            raise
        except (MultipartError, UnicodeError, LookupError):
            raise Invalid("this form is not readable") from None
        if not form.files:
            raise Invalid("choose a picture first", field="file")
        yield form


async def _events(body: AsyncGenerator[bytes], boundary: str) -> Events:
    parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
    async for chunk in body:
        for event in parser.parse(chunk):
            yield event
    parser.close()


async def _bytes_of(events: Events) -> AsyncGenerator[bytes]:
    """What is left of the part whose head was the last event."""
    async for event in events:
        if event is None or isinstance(event, MultipartSegment):
            return
        yield event


async def _text_of(events: Events) -> str:
    text = bytearray()
    async for piece in _bytes_of(events):
        text += piece
        if len(text) > MAX_FIELD_BYTES:
            raise Invalid("a field of this form is too long")
    return text.decode()
