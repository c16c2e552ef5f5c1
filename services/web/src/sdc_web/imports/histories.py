"""What an export of this site's own tells of a text besides: when it changed, and what was written since."""

from msgspec.structs import replace
from sdc_core.sqlite import Connection

from sdc_web.authors.rights import Actor
from sdc_web.imports.records import Document
from sdc_web.posts import publication, revisions, store
from sdc_web.posts.records import Post
from sdc_web.texts.markdown import Rendered

_UNSEEN = Rendered(html="", reading_minutes=1)


async def put(connection: Connection, by: Actor, post: Post, document: Document) -> Post:
    """Give a text that was put just now its dates and the words that followed; as it was for any other document."""
    if document.withdrawn:
        post = replace(post, published_at_us=document.at_us, changed_at_us=document.changed_at_us)
        await store.update_post(connection, post)
    elif document.changed_at_us is not None and post.revision_id is not None:
        post = replace(post, changed_at_us=document.changed_at_us)
        await store.update_post(connection, post)
    for change in document.changes:
        number = (await store.newest_revision(connection, post.id)).number
        await revisions.put(connection, by, post.id, change.draft, number, apart=True)
        if change.at_us is not None:
            post = await publication.publish_rendered(
                connection, by, post.id, _UNSEEN, change.at_us, post.unpublish_at_us
            )
    return post
