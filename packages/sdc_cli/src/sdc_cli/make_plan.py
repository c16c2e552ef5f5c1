"""`python -m sdc_cli.make_plan`: read the settings, make what is missing, print the plan of `sdc up`.

A child of it, because reading the settings costs 20 MB, which `sdc up` would keep for as long as the site runs.
"""

import shlex
import signal
import sys

import click
from sdc_core import recovering, tracing
from sdc_core import settings as core_settings
from sdc_core.errors import SdcError
from sdc_core.process import find_program
from sdc_core.settings import Settings

from sdc_cli import first_run, litestream, store
from sdc_cli.plan import Plan, Port, Probe, Program, write

STORE_SETTING = "SDC_S3_ENDPOINT_URL"


def main() -> None:
    """Print the plan, or the reason why there is none."""
    try:
        click.echo(write(make(first_run.prepare(core_settings.load()))))
    except SdcError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def make(settings: Settings) -> Plan:
    """The plan. Writes the files that the parts are started with."""
    recovering.require_none(settings)
    tracing.require(settings.TRACES_URL)
    settings = absolute(settings)
    child = environment(settings)
    embedded = first_run.is_embedded(settings)
    # A store that is about to be begun holds no replica that a missing database would have to come back from, and no
    # bucket, whatever was remembered of one whose files are gone.
    begun = embedded and store.is_new(settings)
    if begun:
        store.forget_prepared(settings)
    return Plan(
        data_dir=str(settings.DATA_DIR),
        site_url=settings.site_url,
        ports=ports(settings, embedded=embedded),
        environment=child,
        web=_web(settings, child),
        worker=worker_program(settings, child),
        store=store_program(settings, child) if embedded else None,
        strays=[str(file) for file in store.possible_strays(settings)] if embedded else [],
        warm=begun or store.is_prepared(settings),
    )


def _web(settings: Settings, child: dict[str, str]) -> Program:
    """An orphan is killed, and its processes with it: all it could finish are the requests under way."""
    return Program(
        command=[find_program("sdc-web")],
        folder=".",
        environment=child,
        log_file=_log_file(settings, "web"),
        probe=Probe(reachable(settings.WEB_HOST), settings.WEB_PORT, "/"),
        orphan_signal=signal.SIGKILL,
    )


def worker_program(settings: Settings, child: dict[str, str]) -> Program:
    """Litestream, and the worker inside it.

    An orphaned Litestream is killed: asked to end, it would wait half a minute for a store that is gone as well. What
    it had not copied yet is in the databases, and is copied after the next start.
    """
    return Program(
        command=[
            *(find_program("litestream"), "replicate", "-config", str(litestream.config(settings))),
            *("-exec", shlex.quote(find_program("sdc-worker"))),
        ],
        folder=".",
        environment=litestream.environment(settings, child),
        log_file=_log_file(settings, "worker"),
        probe=Probe(reachable(settings.WORKER_HOST), settings.WORKER_PORT, "/health"),
        orphan_signal=signal.SIGKILL,
    )


def store_program(settings: Settings, child: dict[str, str], host: str = store.HOST) -> Program:
    """The embedded object store, listening on `host`. Makes its folders and writes the file that tells it whom to
    believe.
    """
    store.write_identities(settings)
    return Program(
        command=store.command(settings, find_program("weed"), host),
        folder=str(store.folder(settings)),
        environment={name: value for name, value in child.items() if not name.startswith(core_settings.PREFIX)}
        | store.environment(settings),
        log_file=_log_file(settings, "object-store"),
        probe=Probe("127.0.0.1", store.first_port(settings), "/healthz"),
        orphan_signal=signal.SIGKILL,
    )


def _log_file(settings: Settings, part: str) -> str:
    return str(settings.DATA_DIR / "logs" / f"{part}.log")


def environment(settings: Settings) -> dict[str, str]:
    """What every part is started with: the settings, and the secrets that no file holds."""
    return core_settings.environment(settings) | _secrets_from_outside(settings)


def absolute(settings: Settings) -> Settings:
    """The settings with the folders as the parts will find them, whichever folder they run in."""
    folders = {"DATA_DIR": settings.DATA_DIR.absolute()}
    for name in ("SECRETS_DIR", "LOG_DIR", "GEOIP_DB"):
        if (value := getattr(settings, name)) is not None:
            folders[name] = value.absolute()
    return settings.model_copy(update=folders)


def _secrets_from_outside(settings: Settings) -> dict[str, str]:
    """The secrets that no file holds: the parts get them the way we did."""
    found = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        file = settings.secrets_dir / f"sdc_{name.lower()}"
        if "SecretStr" not in str(field.annotation) or not value or file.exists():
            continue
        each = value if isinstance(value, tuple) else (value,)
        found[f"{core_settings.PREFIX}{name}"] = ",".join(secret.get_secret_value() for secret in each)
    return found


def reachable(host: str) -> str:
    """The address at which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def ports(settings: Settings, *, embedded: bool) -> list[Port]:
    """Every port that the site needs."""
    needed = [
        Port(settings.WEB_HOST, settings.WEB_PORT, "SDC_WEB_PORT"),
        Port(settings.WORKER_HOST, settings.WORKER_PORT, "SDC_WORKER_PORT"),
    ]
    if embedded:
        first = store.first_port(settings)
        needed += [Port("127.0.0.1", port, STORE_SETTING) for port in range(first, first + store.PORTS)]
    return needed


if __name__ == "__main__":
    main()
