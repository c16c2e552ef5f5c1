"""Reads compose.yaml as far as the site uses it, and says how a container engine starts each service.

What it does not know it refuses, so that a rehearsal never passes over something that Compose would do.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import yaml

CONDITIONS = Literal["service_started", "service_healthy", "service_completed_successfully"]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
Text: TypeAlias = str | int


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an image is made, with paths as seen from the folder of the file."""

    context: str
    dockerfile: str
    target: str
    args: Mapping[str, str]


class Depends(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another service must have come to."""

    condition: CONDITIONS


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That it has none, or the command that it is; how often that is asked differs between engines."""

    disable: bool = False
    test: tuple[str, ...] = ()
    interval: str = ""
    timeout: str = ""


class OnNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which names a service is known there, beside its own, and at which addresses, if those are fixed."""

    aliases: tuple[str, ...] = ()
    ipv4_address: str = ""
    mac_address: str = ""


class Logging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where its output goes, which differs between engines."""

    driver: str
    options: Mapping[str, Text]


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key that a service of ours has."""

    image: str
    build: Build | None = None
    command: tuple[str, ...] = ()
    environment: Mapping[str, Text] = {}
    volumes: tuple[str, ...] = ()
    networks: tuple[str, ...] | Mapping[str, OnNetwork | None] = ()
    network_mode: str = ""
    ports: tuple[str, ...] = ()
    depends_on: Mapping[str, Depends] = {}
    healthcheck: Health | None = None
    profiles: tuple[str, ...] = ()
    init: bool = False
    read_only: bool = False
    user: str
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    restart: str
    tmpfs: tuple[str, ...] = ()
    pids_limit: int
    mem_limit: str = ""
    stop_grace_period: str = "10s"
    logging: Logging

    @property
    def known_on(self) -> dict[str, OnNetwork]:
        """The networks it is on, and as what."""
        if isinstance(self.networks, tuple):
            return dict.fromkeys(self.networks, OnNetwork())
        return {name: on or OnNetwork() for name, on in self.networks.items()}

    @property
    def grace_s(self) -> int:
        """Seconds until an engine stops to ask and kills."""
        return int(self.stop_grace_period.removesuffix("s"))


class Subnet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The addresses of a network."""

    subnet: str


class Ipam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who chooses them."""

    config: tuple[Subnet, ...]


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One between services; an internal one has no way out."""

    internal: bool = False
    ipam: Ipam | None = None


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; keys that begin with `x-` are used by the others."""

    name: str
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Mapping[str, str]]


def read(file: Path, variables: Mapping[str, str], *overrides: Path) -> Stack:
    """The file with its variables in place, and what overrides change in it. Raises ValueError for a variable that is
    needed and not there, and msgspec.ValidationError for a key that a service has and this does not know.
    """
    whole: object = {}
    for each in (file, *overrides):
        whole = _merged(whole, _filled(yaml.safe_load(each.read_text(encoding="utf-8")), variables))
    return msgspec.convert(whole, Stack)


def started(services: Mapping[str, Service], profiles: Collection[str]) -> dict[str, Service]:
    """Those that come up by themselves where so many profiles are asked for."""
    return {name: each for name, each in services.items() if set(each.profiles) <= set(profiles)}


def in_order(services: Mapping[str, Service]) -> list[str]:
    """Each after those it depends on, or whose network it shares."""
    ordered: list[str] = []
    while waiting := [name for name in services if name not in ordered]:
        ready = [name for name in waiting if _needed(services[name]) & set(services) <= set(ordered)]
        if not ready:
            raise ValueError(f"these wait for each other: {', '.join(waiting)}")
        ordered += ready
    return ordered


def run_arguments(name: str, service: Service, project: str, image: str, *, docker: bool = False) -> list[str]:
    """What comes after `podman run` or `docker run`: the service as a container of this project."""
    return [
        *("--detach", "--name", f"{project}-{name}", "--pull=never", "--user", service.user),
        *("--restart", service.restart, "--pids-limit", str(service.pids_limit)),
        *(["--init"] if service.init else []),
        *(["--read-only"] if service.read_only else []),
        *(["--memory", service.mem_limit] if service.mem_limit else []),
        *_health(service.healthcheck),
        *_each("--cap-drop", service.cap_drop),
        *_each("--security-opt", service.security_opt),
        *_each("--tmpfs", service.tmpfs),
        *_each("--env", (f"{key}={value}" for key, value in service.environment.items())),
        *_each("--volume", (f"{project}-{volume}" for volume in service.volumes)),
        *_each("--publish", service.ports),
        *_network(name, service, project, docker=docker),
        image,
        *service.command,
    ]


def _each(option: str, values: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    for value in values:
        yield from (option, value)


def _health(check: Health | None) -> Iterator[str]:
    if check and check.disable:
        yield "--no-healthcheck"
    elif check:
        yield from ("--health-cmd", shlex.join(check.test[1:]))


def _network(name: str, service: Service, project: str, *, docker: bool) -> Iterator[str]:
    mode, _, other = service.network_mode.partition(":")
    match mode:
        case "service":
            yield from ("--network", f"container:{project}-{other}")
        case "none":
            yield from ("--network", "none")
        case "":
            for network, on in service.known_on.items():
                known = ",".join(f"alias={each}" for each in (name, *on.aliases))
                known += f",ip={on.ipv4_address}" if on.ipv4_address else ""
                known += f",{'mac-address' if docker else 'mac'}={on.mac_address}" if on.mac_address else ""
                # The engines write the same thing differently.
                joined = f"name={project}-{network},{known}" if docker else f"{project}-{network}:{known}"
                yield from ("--network", joined)
        case _:
            raise ValueError(f"network_mode {service.network_mode} is not known here")


def _needed(service: Service) -> set[str]:
    mode, _, other = service.network_mode.partition(":")
    return {*service.depends_on, *([other] if mode == "service" else [])}


def _merged(before: object, after: object, key: str = "") -> object:
    """As Compose merges files: keys one by one, lists one behind the other, but for a command."""
    match before, after:
        case dict(), dict():
            return before | {name: _merged(before.get(name), each, name) for name, each in after.items()}
        case list(), list() if key not in ("command", "test"):
            return [*before, *after]
        case _:
            return after


def _filled(value: object, variables: Mapping[str, str]) -> object:
    """The value with `${NAME}`, `${NAME:-default}` and `${NAME:?reason}` replaced, as Compose does."""

    def fill(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if given := variables.get(name, ""):
            return given
        if kind == "?":
            raise ValueError(f"{name} is needed: {rest}")
        return rest or ""

    match value:
        case str():
            return VARIABLE.sub(fill, value)
        case dict():
            return {key: _filled(each, variables) for key, each in value.items() if not str(key).startswith("x-")}
        case list():
            return [_filled(each, variables) for each in value]
        case _:
            return value
