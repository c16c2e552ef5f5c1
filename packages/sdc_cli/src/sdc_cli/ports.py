"""Whether the ports that the site needs are free."""

import socket
from collections.abc import Sequence

from sdc_core.errors import Conflict

from sdc_cli.plan import Port


def require_free(ports: Sequence[Port]) -> None:
    """Raises Conflict, one sentence for each port that somebody has, or that two parts want."""
    seen: dict[int, str] = {}
    faults = []
    for port in ports:
        if port.port in seen:
            faults.append(f"port {port.port} is wanted by {seen[port.port]} and {port.setting}: set one of them")
        elif not is_free(port):
            faults.append(f"port {port.port} is in use: stop what listens there or set {port.setting}")
        seen[port.port] = port.setting
    if faults:
        raise Conflict("\n".join(faults))


def is_free(port: Port) -> bool:
    """Whether a server could listen there now; a port just given up (TIME_WAIT) is free."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.port))
        except OSError:
            return False
        return True
