"""The vocabulary and the clients that SDC's services share. Knows no web framework."""

import sys

_LEFT_OUT = (
    "httpx._main",  # a command that brings terminal colours and a parser of options along
    "urllib3.contrib.pyopenssl",  # a second TLS beside Python's, which nobody connects by
)
for _name in _LEFT_OUT:
    # 4 MB in each process that no service has a use for. Their libraries take them for not installed.
    sys.modules.setdefault(_name, None)  # ty: ignore[no-matching-overload]
