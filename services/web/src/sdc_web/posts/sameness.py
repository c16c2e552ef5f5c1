"""Whether readers will see anything new: a post that is published again as it was has not changed."""

from msgspec.structs import replace
from sdc_core.sqlite import Connection

from sdc_web.posts import store
from sdc_web.posts.records import Revision


async def as_last_read(connection: Connection, revision: Revision) -> bool:
    """Whether it says what the last published revision of its post says, be that still before readers or not."""
    last = await store.last_read_revision(connection, revision.post_id)
    return last is not None and _said(last) == _said(revision)


def _said(revision: Revision) -> Revision:
    """What the author wrote: without when and where it was saved, without its date and what is made of it."""
    return replace(
        revision,
        id="",
        number=0,
        saved_at_us=0,
        tab="",
        save_no=0,
        author_id="",
        body_html=None,
        reading_minutes=None,
        published_at_us=None,
        dated_at_us=None,
    )
