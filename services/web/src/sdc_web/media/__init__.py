"""Media assets: uploads, their originals and variants, and the markup that shows them."""

from sdc_web.media import picture, removal, upload
from sdc_web.media.assets import Asset, by_ids, clean_alt, failed, find, newest, page, ready, set_alt, show
from sdc_web.media.orders import order, order_again
from sdc_web.media.totals import total

__all__ = [
    "Asset",
    "by_ids",
    "clean_alt",
    "failed",
    "find",
    "newest",
    "order",
    "order_again",
    "page",
    "picture",
    "ready",
    "removal",
    "set_alt",
    "show",
    "total",
    "upload",
]
