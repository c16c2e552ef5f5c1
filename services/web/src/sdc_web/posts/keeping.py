"""Which revisions of a text stay when it is saved again, and which old ones go.

A save goes into the newest revision. It begins a new one instead when that one

- was published, has a name, or waits to be published,
- was written by somebody else,
- was saved last more than ten minutes ago, or begun more than half an hour ago,
- would lose two hundred characters or more in one piece: a slip of the hand.

Of revisions that were never published, have no name and wait for nothing, all of the last day stay, then the last one
of each hour for a week, then the last one of each day; and never more than two hundred of a post.
"""

from collections.abc import Callable

from sdc_core import clock
from sdc_core.sqlite import Connection, execute, fetch_value

from sdc_web.posts.records import Revision

PAUSE_US = 600 * clock.SECOND_US
SITTING_US = 1_800 * clock.SECOND_US
SLIP = 200
ALL_US = clock.DAY_US
HOURLY_US = 7 * clock.DAY_US
MOST = 200

SQL_MUST_STAY = """
SELECT 1 FROM revisions AS r
WHERE r.id = :id AND (r.published_at_us IS NOT NULL OR r.name <> '' OR r.author_id <> :author_id
    OR EXISTS (SELECT 1 FROM posts WHERE scheduled_revision_id = r.id)
    OR (r.title || r.body <> '' AND (r.saved_at_us < :now_us - :pause_us OR r.begun_at_us < :now_us - :sitting_us)))
"""


async def must_stay(connection: Connection, newest: Revision, body: str, author_id: str) -> bool:
    """Whether a save with that text must begin a new revision."""
    values = {
        "id": newest.id,
        "author_id": author_id,
        "now_us": clock.now_us(),
        "pause_us": PAUSE_US,
        "sitting_us": SITTING_US,
    }
    return await fetch_value(connection, SQL_MUST_STAY, values) is not None or lost(newest.body, body) >= SLIP


def lost(old: str, new: str) -> int:
    """Characters of the old text between the beginning and the end that both have: what one stroke took."""
    most = min(len(old), len(new))
    start = _common(most, lambda length: old.startswith(new[:length]))
    end = _common(most - start, lambda length: not length or old.endswith(new[-length:]))
    return len(old) - start - end


def _common(most: int, fits: Callable[[int], bool]) -> int:
    """The greatest length up to `most` that fits, as each lesser one does."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(middle) else (least, middle - 1)
    return least


# What readers saw or will see, what has a name, and the newest are not even looked at.
SQL_THIN = """
DELETE FROM revisions WHERE id IN (
    SELECT id FROM (
        SELECT r.id, row_number() OVER (ORDER BY r.number DESC) AS place, row_number() OVER (
            PARTITION BY CASE
                WHEN r.saved_at_us >= :now_us - :all_us THEN r.id
                WHEN r.saved_at_us >= :now_us - :hourly_us THEN 'hour ' || (r.saved_at_us / 3600000000)
                ELSE 'day ' || (r.saved_at_us / 86400000000)
            END ORDER BY r.number DESC
        ) AS place_in_its_time
        FROM revisions AS r JOIN posts ON posts.id = r.post_id
        WHERE r.post_id = :post_id AND r.published_at_us IS NULL AND r.name = ''
            AND posts.scheduled_revision_id IS NOT r.id
            AND r.number < (SELECT max(number) FROM revisions WHERE post_id = :post_id)
    ) WHERE place > :most OR place_in_its_time > 1
)
"""


async def thin(connection: Connection, post_id: str) -> int:
    """Let go of old revisions, as the rule above says; returns how many."""
    values = {
        "post_id": post_id,
        "now_us": clock.now_us(),
        "all_us": ALL_US,
        "hourly_us": HOURLY_US,
        "most": MOST,
    }
    return await execute(connection, SQL_THIN, values)
