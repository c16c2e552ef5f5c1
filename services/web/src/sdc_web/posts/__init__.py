"""Posts, pages and projects: what they hold, how they are saved and published, and what readers may see of them."""

from sdc_web.posts import (
    canonical,
    draft_words,
    history,
    home,
    languages,
    listing,
    navigation,
    projects,
    published,
    revisions,
    schedule,
    series,
    several,
    tags,
    tags_following,
)
from sdc_web.posts.catalogue import blank, create, delete, find
from sdc_web.posts.frontage import Front, front
from sdc_web.posts.navigation import Entry
from sdc_web.posts.publication import publish, unpublish
from sdc_web.posts.reading import (
    Published,
    Summary,
    by_slug,
    newest,
    newest_tagged,
    of_kind,
    of_year,
    tagged,
    years,
    years_tagged,
)
from sdc_web.posts.records import Draft, Kind, Link, Post, ProjectFacts, Revision, State
from sdc_web.posts.related import Near, near
from sdc_web.posts.rereading import read_again
from sdc_web.posts.revisions import Stale

__all__ = [
    "Draft",
    "Entry",
    "Front",
    "Kind",
    "Link",
    "Near",
    "Post",
    "ProjectFacts",
    "Published",
    "Revision",
    "Stale",
    "State",
    "Summary",
    "blank",
    "by_slug",
    "canonical",
    "create",
    "delete",
    "draft_words",
    "find",
    "front",
    "history",
    "home",
    "languages",
    "listing",
    "navigation",
    "near",
    "newest",
    "newest_tagged",
    "of_kind",
    "of_year",
    "projects",
    "publish",
    "published",
    "read_again",
    "revisions",
    "schedule",
    "series",
    "several",
    "tagged",
    "tags",
    "tags_following",
    "unpublish",
    "years",
    "years_tagged",
]
