"""Whether the ports that the site needs are free."""

import errno
import socket
from collections.abc import Sequence

from sdc_core.errors import Conflict

from sdc_cli.plan import Port


def require_free(ports: Sequence[Port]) -> None:
    """Raises Conflict, one sentence for each port where nobody can listen, or that two parts want."""
    seen: dict[int, str] = {}
    faults = []
    for port in ports:
        if port.port in seen:
            faults.append(f"port {port.port} is wanted by {seen[port.port]} and {port.setting}: set one of them")
        elif fault := _fault(port):
            faults.append(fault)
        seen[port.port] = port.setting
    if faults:
        raise Conflict("\n".join(faults))


def _fault(port: Port) -> str:
    """Why a server could not listen there now, or ''."""
    match error := _refusal(port.host, port.port):
        case OSError(errno=errno.EADDRINUSE):
            return f"port {port.port} is in use: stop what listens there or set {port.setting}"
        case OSError(errno=errno.EACCES):
            return f"port {port.port} is refused to this user: set {port.setting} to 1024 or more"
        case OSError():
            host = port.setting.replace("_PORT", "_HOST")
            return f"cannot listen on {port.host}, port {port.port}: {error.strerror}. Set {host}"
    # A browser that is sent to `localhost` asks there first, and would meet a stranger.
    twin = _refusal("::1", port.port) if port.host == "127.0.0.1" else None
    if twin and twin.errno == errno.EADDRINUSE:
        return f"port {port.port} is in use on ::1: stop what listens there or set {port.setting}"
    return ""


def _refusal(host: str, port: int) -> OSError | None:
    """What the system says to a server there; a port just given up (TIME_WAIT) is free."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error
    return None
