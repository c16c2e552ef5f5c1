"""Media assets: uploads, their originals and variants, the markup that shows them, and the library that keeps them."""

from sdc_web.media import files, library, orphans, picture, removal, trash, upload, uses
from sdc_web.media.assets import (
    Asset,
    AssetKind,
    AssetState,
    Words,
    by_file,
    by_ids,
    clean_alt,
    count_by_state,
    describe,
    find,
    find_anywhere,
    for_readers,
    newest,
    page,
    set_alt,
    show,
)
from sdc_web.media.files import failed, ready
from sdc_web.media.library import Storage, storage
from sdc_web.media.orders import File, order, order_again

__all__ = [
    "Asset",
    "AssetKind",
    "AssetState",
    "File",
    "Storage",
    "Words",
    "by_file",
    "by_ids",
    "clean_alt",
    "count_by_state",
    "describe",
    "failed",
    "files",
    "find",
    "find_anywhere",
    "for_readers",
    "library",
    "newest",
    "order",
    "order_again",
    "orphans",
    "page",
    "picture",
    "ready",
    "removal",
    "set_alt",
    "show",
    "storage",
    "trash",
    "upload",
    "uses",
]
