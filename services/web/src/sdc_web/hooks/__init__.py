"""The hook surface: one address at which the worker's signed messages arrive.

`route_handlers` asks for the dependencies `databases`, `keyring` and `retire_logs` (a `RetireLogs`, as
`request_log.service.RequestLog.retire`).
"""

from sdc_web.hooks.act import RetireLogs
from sdc_web.hooks.receive import receive

route_handlers = [receive]

__all__ = ["RetireLogs", "route_handlers"]
