"""Content going out: one zip that anybody can read, and the public site as files."""

from sdc_web.exports import archive, contents, static_site, statistics

__all__ = ["archive", "contents", "static_site", "statistics"]
