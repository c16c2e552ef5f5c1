"""Checks: what in a text its author may want to mend before readers see it. They tell, and never stand in the way."""

from sdc_web.checks.findings import Finding, Rule, Severity, must_be_seen
from sdc_web.checks.look import look

__all__ = ["Finding", "Rule", "Severity", "look", "must_be_seen"]
