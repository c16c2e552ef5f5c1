"""The public site: pages, feeds, pictures and files that anyone may read."""

from sdc_web.site.pictures import Pictures
from sdc_web.site.routes import route_handlers

__all__ = ["Pictures", "route_handlers"]
