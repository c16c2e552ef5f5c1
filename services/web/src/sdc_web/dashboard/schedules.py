"""When jobs run, in words."""

import re

from sdc_core import clock

from sdc_web import templating

_EVERY_MINUTES = re.compile(r"\*/(\d+) \* \* \* \*")
_HOURLY = re.compile(r"(\d+) \* \* \* \*")
_DAILY = re.compile(r"(\d+) (\d+) \* \* \*")
_MONTHLY = re.compile(r"(\d+) (\d+) (\d+) \* \*")


def in_words(cron: str) -> str:
    """`every day at 02:30`; an expression of another shape than the common ones stays as it is."""
    if cron == "* * * * *":
        return "every minute"
    if found := _EVERY_MINUTES.fullmatch(cron):
        return f"every {found[1]} minutes"
    if found := _HOURLY.fullmatch(cron):
        return f"every hour, at minute {found[1]}"
    if found := _DAILY.fullmatch(cron):
        return f"every day at {found[2]:>02}:{found[1]:>02}"
    if found := _MONTHLY.fullmatch(cron):
        return f"on day {found[3]} of each month at {found[2]:>02}:{found[1]:>02}"
    return cron


def until(next_us: int) -> str:
    """`in 3 hours`, `within a minute`, or `due now` once the moment has come."""
    apart_us = next_us - clock.now_us()
    if apart_us <= 0:
        return "due now"
    return "within a minute" if apart_us < 60 * clock.SECOND_US else templating.ago(next_us)
