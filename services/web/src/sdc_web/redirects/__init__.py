"""Old addresses: those that posts had, which answer 301 with the present one for ever, and the author's own."""

from sdc_web.redirects.own import add_own, delete, move_own
from sdc_web.redirects.store import Redirect, add, find, is_known, is_published, page, remove, show

__all__ = [
    "Redirect",
    "add",
    "add_own",
    "delete",
    "find",
    "is_known",
    "is_published",
    "move_own",
    "page",
    "remove",
    "show",
]
