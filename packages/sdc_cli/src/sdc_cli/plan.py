"""What `sdc up` starts, as handed from the child that makes it (`sdc_cli.make_plan`) to the parent that lives by it.

Plain JSON and named tuples: the parent is small, and msgspec would be a fifth of it.
"""

import json
from typing import NamedTuple

UP_LOCK = "sdc-up.lock"
"""In the data folder, held by the `sdc up` that runs on it."""


class Port(NamedTuple):
    """A port that must be free, and what to change when it is not."""

    host: str
    port: int
    setting: str


class Probe(NamedTuple):
    """Where a program answers HTTP once it is ready."""

    host: str
    port: int
    path: str


class Program(NamedTuple):
    """How a part is started. `orphan_signal` is what the kernel sends it when `sdc up` is gone, however it went."""

    command: list[str]
    folder: str
    environment: dict[str, str]
    log_file: str
    probe: Probe
    orphan_signal: int


class Plan(NamedTuple):
    """All of it.

    `store` is None when the object store is somebody else's; `environment` is for every child; `strays` are files to
    remove at the end; `warm` when web need not wait: databases and buckets are there, or there is no store yet from
    which a missing database might come back.
    """

    data_dir: str
    site_url: str
    ports: list[Port]
    environment: dict[str, str]
    web: Program
    worker: Program
    store: Program | None
    strays: list[str]
    warm: bool


def write(plan: Plan) -> str:
    """One line of JSON."""
    return json.dumps(plan)


def read(line: str) -> Plan:
    """The plan that `write` wrote."""
    data_dir, site_url, ports, environment, web, worker, store, strays, warm = json.loads(line)
    return Plan(
        data_dir=data_dir,
        site_url=site_url,
        ports=[Port(*port) for port in ports],
        environment=environment,
        web=_program(*web),
        worker=_program(*worker),
        store=_program(*store) if store else None,
        strays=strays,
        warm=warm,
    )


def _program(
    command: list[str],
    folder: str,
    environment: dict[str, str],
    log_file: str,
    probe: list[str],
    orphan_signal: int,
) -> Program:
    host, port, path = probe
    return Program(command, folder, environment, log_file, Probe(host, int(port), path), orphan_signal)
