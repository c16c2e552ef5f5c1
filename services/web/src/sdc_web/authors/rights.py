"""Who may do what: one table, and the question that every noun asks of it before it changes or shows anything."""

from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from sdc_core.errors import Forbidden

Role: TypeAlias = Literal["owner", "author", "viewer"]
Reach: TypeAlias = Literal["any", "own", "none"]
"""Of a right: over everything, over what is one's own, over nothing."""
Action: TypeAlias = Literal[
    "account.change",
    "statistics.read",
    "views.change",
    "notes.change",
    "posts.read",
    "posts.change",
    "posts.publish",
    "posts.delete",
    "posts.author",
    "media.read",
    "media.change",
    "tags.read",
    "tags.change",
    "series.read",
    "series.change",
    "site.read",
    "site.change",
    "site.import",
    "site.export",
    "tokens.read",
    "tokens.change",
    "endpoints.read",
    "endpoints.change",
    "jobs.read",
    "jobs.change",
    "backups.read",
    "authors.read",
    "authors.change",
    "audit.read",
]


class Reaches(NamedTuple):
    """How far a right reaches for each role."""

    owner: Reach
    author: Reach
    viewer: Reach


# `site` is everything about the site as a whole: words, home page, navigation, redirects, links, look, robots.
RIGHTS: MappingProxyType[Action, Reaches] = MappingProxyType({
    #                           owner  author  viewer
    "account.change":   Reaches("any", "own",  "own"),
    "statistics.read":  Reaches("any", "any",  "any"),
    "views.change":     Reaches("own", "own",  "own"),
    "notes.change":     Reaches("any", "own",  "none"),
    "posts.read":       Reaches("any", "own",  "none"),
    "posts.change":     Reaches("any", "own",  "none"),
    "posts.publish":    Reaches("any", "own",  "none"),
    "posts.delete":     Reaches("any", "own",  "none"),
    "posts.author":     Reaches("any", "none", "none"),
    "media.read":       Reaches("any", "any",  "none"),
    "media.change":     Reaches("any", "own",  "none"),
    "tags.read":        Reaches("any", "any",  "none"),
    "tags.change":      Reaches("any", "none", "none"),
    "series.read":      Reaches("any", "any",  "none"),
    "series.change":    Reaches("any", "none", "none"),
    "site.read":        Reaches("any", "none", "none"),
    "site.change":      Reaches("any", "none", "none"),
    "site.import":      Reaches("any", "none", "none"),
    "site.export":      Reaches("any", "none", "none"),
    "tokens.read":      Reaches("any", "own",  "none"),
    "tokens.change":    Reaches("any", "own",  "none"),
    "endpoints.read":   Reaches("any", "none", "none"),
    "endpoints.change": Reaches("any", "none", "none"),
    "jobs.read":        Reaches("any", "none", "none"),
    "jobs.change":      Reaches("any", "none", "none"),
    "backups.read":     Reaches("any", "none", "none"),
    "authors.read":     Reaches("any", "none", "none"),
    "authors.change":   Reaches("any", "none", "none"),
    "audit.read":       Reaches("any", "none", "none"),
})  # fmt: skip


Scope: TypeAlias = Literal[
    "read",
    "write",
    "posts:read",
    "posts:write",
    "posts:publish",
    "media:read",
    "media:write",
    "site:read",
    "site:write",
    "analytics:read",
]
"""What a token may do: `read` or `write` everything, or parts of it. With `posts:write` it writes drafts; what readers
see of texts, tags and series takes `posts:publish`.
"""

_READ: tuple[Scope, ...] = ("read", "write")
_OF_PARTS: MappingProxyType[Action, tuple[Scope, ...]] = MappingProxyType({
    "statistics.read":  ("analytics:read",),
    "posts.read":       ("posts:read", "posts:write", "posts:publish"),
    "tags.read":        ("posts:read", "posts:write", "posts:publish"),
    "series.read":      ("posts:read", "posts:write", "posts:publish"),
    "posts.change":     ("posts:write", "posts:publish"),
    "posts.publish":    ("posts:publish",),
    "posts.delete":     ("posts:publish",),
    "posts.author":     ("posts:publish",),
    "tags.change":      ("posts:publish",),
    "series.change":    ("posts:publish",),
    "media.read":       ("media:read", "media:write"),
    "media.change":     ("media:write",),
    "site.read":        ("site:read", "site:write"),
    "endpoints.read":   ("site:read", "site:write"),
    "jobs.read":        ("site:read", "site:write"),
    "backups.read":     ("site:read", "site:write"),
    "site.change":      ("site:write",),
    "endpoints.change": ("site:write",),
})  # fmt: skip


def scopes_for(action: Action) -> tuple[Scope, ...]:
    """Those of which a token needs one, the least first."""
    return (*_OF_PARTS.get(action, ()), *(_READ if action.endswith(".read") else ("write",)))


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something. `scopes` bound a program to what its token may do, whatever its author may; a person's are
    None.
    """

    id: str
    name: str
    role: Role
    scopes: frozenset[Scope] | None = None

    def reach(self, action: Action) -> Reach:
        """How far the right reaches."""
        return "none" if self.beyond(action) else getattr(RIGHTS[action], self.role)

    def beyond(self, action: Action) -> Scope | Literal[""]:
        """The least scope of a token that this takes, when theirs has none that does."""
        wanted = scopes_for(action)
        return "" if self.scopes is None or not self.scopes.isdisjoint(wanted) else wanted[0]

    def may(self, action: Action) -> bool:
        """Whether there is anything that they may do this to."""
        return self.reach(action) != "none"

    def may_of(self, action: Action, owner_id: str | None) -> bool:
        """Whether they may do this to what is that author's; None is nobody's."""
        reach = self.reach(action)
        return reach == "any" or (reach == "own" and owner_id == self.id)

    def only_own(self, action: Action) -> str | None:
        """The id that a list is narrowed to, None for all. Raises Forbidden without the right."""
        require(self, action)
        return None if self.reach(action) == "any" else self.id


SYSTEM = Actor(id="", name="system", role="owner")
"""The site itself: cron jobs, the worker's messages, the `sdc` command."""


class BeyondScope(Forbidden):
    """A token that may not do this, whatever its author may; one of `scope` may."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the scope of this token leaves that out: make one with `--scope {scope}`")
        self.scope = scope


def require(by: Actor, action: Action, owner_id: str | UnsetType | None = UNSET) -> None:
    """Raises Forbidden unless they may do this: to something, or to what is that author's; None is nobody's."""
    if scope := by.beyond(action):
        raise BeyondScope(scope)
    if not by.may(action):
        raise Forbidden(f"your role here is {by.role}, which has no right to this: ask an owner of the site")
    if owner_id is not UNSET and not by.may_of(action, owner_id):
        raise Forbidden("this is another author's: only they and an owner of the site have a right to it")
