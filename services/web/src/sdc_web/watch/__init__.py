"""Telling people what the worker cannot: that it does not answer, and that an endpoint is disabled."""

from sdc_web.watch.rounds import run

__all__ = ["run"]
