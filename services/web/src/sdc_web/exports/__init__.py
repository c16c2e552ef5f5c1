"""Content going out: one zip that anybody can read."""

from sdc_web.exports import archive, contents, statistics

__all__ = ["archive", "contents", "statistics"]
