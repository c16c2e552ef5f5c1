"""Forms with files: each file goes to the disk as it comes, in threads, and never through the memory or the loop."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager

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
Receive = Callable[[AsyncIterator[bytes], Settings], AbstractAsyncContextManager[Received]]
"""Takes the bytes of one file."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that has come, the name that it has on the sender's machine, and the field that it was sent as."""

    name: str
    field: str
    received: Received


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, by the names of the fields, the files in the order in which they came, and why others did not."""

    pairs: list[tuple[str, str]]
    files: list[Sent]
    refused: list[Invalid | TooLarge]

    @property
    def fields(self) -> dict[str, str]:
        """What was typed, by the name of its field."""
        return dict(self.pairs)

    def require_files(self, what: str = "picture") -> None:
        """Raises Invalid or TooLarge when a file was refused, or none was chosen."""
        if self.refused:
            raise self.refused[0]
        if not self.files:
            raise Invalid(f"choose a {what} first", field="file")


@asynccontextmanager
async def form_of(
    request: AnyRequest, settings: Settings, receive: Receive = media.upload.received
) -> AsyncGenerator[Form]:
    """The form; its files are deleted at the end of the block. What was typed is in it even where a file was refused.

    Raises Invalid for any other body, and Unavailable as `receive` does; the whole body has been read,
    since a browser hears no answer before it has sent everything.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Invalid("send files as multipart/form-data")
    form = Form(pairs=[], files=[], refused=[])
    async with AsyncExitStack() as stack, aclosing(request.stream()) as body:
        try:
            async with aclosing(_events(body, options["boundary"])) as events:
                async for head in events:
                    if not isinstance(head, MultipartSegment):
                        continue
                    if head.filename:
                        try:
                            async with aclosing(_bytes_of(events)) as pieces:
                                file = await stack.enter_async_context(receive(pieces, settings))
                            form.files.append(Sent(name=head.filename, field=head.name or "", received=file))
                        except (Invalid, TooLarge) as error:
                            form.refused.append(error)
                    else:
                        form.pairs.append((head.name or "", await _text_of(events)))
        except (Invalid, TooLarge):
            async for _ in body:
                pass
            raise
        except (MultipartError, UnicodeError, LookupError):
            raise Invalid("this form is not readable") from None
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
