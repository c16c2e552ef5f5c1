"""The dashboard: the author's home, statistics, jobs and backups. Every page stands without the worker.

Its handlers ask for `author`, `databases` and `worker`; `author.Gate` guards their addresses as well.
"""

from sdc_web.dashboard import (
    backups,
    badges,
    home,
    jobs,
    live,
    post_readers,
    rows,
    statistics,
    statistics_kept,
    versions,
)

route_handlers = [
    *home.route_handlers,
    *statistics.route_handlers,
    *rows.route_handlers,
    *live.route_handlers,
    *post_readers.route_handlers,
    *statistics_kept.route_handlers,
    *jobs.route_handlers,
    *badges.route_handlers,
    *backups.route_handlers,
    *versions.route_handlers,
]

__all__ = ["route_handlers"]
