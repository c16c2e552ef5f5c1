"""What happened in a period: texts published and the author's notes, for the chart and the list beneath it."""

from datetime import date

from sdc_core import clock
from sdc_core.sqlite import Connection

from sdc_web import posts
from sdc_web.authors.rights import Actor
from sdc_web.dashboard.asked import Asked
from sdc_web.dashboard.panels import Happening
from sdc_web.reports import notes

SHOWN = 60


async def of(connection: Connection, by: Actor, asked: Asked) -> list[Happening]:
    """The newest first. Raises Forbidden."""
    first, last = asked.from_day, asked.to_day
    start_us = (date.fromisoformat(first) - clock.EPOCH.date()).days * clock.DAY_US
    end_us = ((date.fromisoformat(last) - clock.EPOCH.date()).days + 1) * clock.DAY_US
    found = [
        Happening(day=note.day, words=note.text, note_id=note.id if by.may_of("notes.change", note.author_id) else "")
        for note in await notes.of_days(connection, by, first, last)
    ] + [
        Happening(day=clock.day_of(each.published_at_us), words=f"Published: {each.title or 'Untitled'}", url=each.path)
        for each in await posts.published.between(connection, start_us, end_us, SHOWN)
    ]
    return sorted(found, key=lambda each: each.day, reverse=True)[:SHOWN]
