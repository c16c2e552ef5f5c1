"""Telling the world of what changed: a WebSub hub of the feeds, search engines that know IndexNow of the addresses.

Triggers write what is to be told in the transaction that changes it, so no author waits and nothing is lost; a loop
sends it. Twice told does no harm.
"""

from sdc_web.announcements.rounds import run
from sdc_web.announcements.sending import KEY_PATH
from sdc_web.announcements.store import Audience, Name, audiences

__all__ = ["KEY_PATH", "Audience", "Name", "audiences", "run"]
