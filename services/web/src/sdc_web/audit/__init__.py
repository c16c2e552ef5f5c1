"""The audit log: who did what and when, written with the change itself, and never changed afterwards."""

from sdc_web.audit import log
from sdc_web.audit.actions import ACTIONS, Action
from sdc_web.audit.folding import refused
from sdc_web.audit.log import Entry, Filters, names, newest, page
from sdc_web.audit.record import record

__all__ = ["ACTIONS", "Action", "Entry", "Filters", "log", "names", "newest", "page", "record", "refused"]
