"""Webmentions (W3C Recommendation, 2017): sites that a text leads to are told of it, and this one is told by others.

Both are off until an owner turns them on. Triggers write what is to be told in the transaction that makes it so, and a
loop tells it; what others tell is looked at by a loop as well, and shown once its author accepts it.
"""

from sdc_web.webmentions import looking, received, switches, taking, telling, told

__all__ = ["looking", "received", "switches", "taking", "telling", "told"]
