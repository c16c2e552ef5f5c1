"""Endpoints: the author's own addresses that hear, as signed webhooks, of what happens here.

Triggers write what is to be told in the transaction that makes it so; a loop sends it, and keeps at it for three days.
The same message may come twice, with the same id.
"""

from sdc_web.endpoints import keeping, log, queue, records
from sdc_web.endpoints.records import TYPES, Delivery, Endpoint, Try
from sdc_web.endpoints.rounds import run

__all__ = ["TYPES", "Delivery", "Endpoint", "Try", "keeping", "log", "queue", "records", "run"]
