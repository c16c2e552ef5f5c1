"""The final bytes of public pages, kept per process, and never older than the database."""

from sdc_web.page_cache.cache import PageCache
from sdc_web.page_cache.kept import Reply

__all__ = ["PageCache", "Reply"]
