"""When the next run is, in words."""

from sdc_core import clock

from sdc_web import templating


def until(next_us: int) -> str:
    """`in 3 hours`, `within a minute`, or `due now` once the moment has come."""
    apart_us = next_us - clock.now_us()
    if apart_us <= 0:
        return "due now"
    return "within a minute" if apart_us < 60 * clock.SECOND_US else templating.ago(next_us)
