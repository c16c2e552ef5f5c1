"""Addresses that no page of another site may come to: those of this one's own pages, and of its first page's text."""

from sdc_web.posts import slugs
from sdc_web.posts.navigation import HOME
from sdc_web.posts.records import Kind


def is_kept(kind: Kind, slug: str, *, for_this_site: bool = False) -> bool:
    """Whether the address means something here already: a page called `home` opens the first page of the site, which
    only one that was written `for_this_site` may mean to do.
    """
    return kind == "page" and (slug in slugs.RESERVED_PAGES or (slug == HOME and not for_this_site))
