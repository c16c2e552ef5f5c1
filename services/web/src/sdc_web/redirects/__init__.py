"""Old addresses: those that posts had, which answer 301 with the present one for ever, and the author's own."""

from sdc_web.redirects.own import add_all, add_own, delete, move_own, retarget_own
from sdc_web.redirects.store import (
    Former,
    Redirect,
    add,
    find,
    follow,
    former_paths,
    is_gone,
    is_known,
    is_published,
    kept_for_another,
    moved,
    page,
    remove,
    show,
)

__all__ = [
    "Former",
    "Redirect",
    "add",
    "add_all",
    "add_own",
    "delete",
    "find",
    "follow",
    "former_paths",
    "is_gone",
    "is_known",
    "is_published",
    "kept_for_another",
    "move_own",
    "moved",
    "page",
    "remove",
    "retarget_own",
    "show",
]
