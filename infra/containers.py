"""podman or docker, whichever runs containers here: images, containers of one project, what they say of themselves."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from compose_file import Build, Stack, run_arguments

BUILD_S = 3600
COMMAND_S = 120
LOOK_S = 0.2
BASE = "localhost/sdc-stand-in:bookworm"
MACHINE_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
MODEST = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
"""
"""For a machine that may not raise limits, or is without systemd."""
_pause = threading.Event()


class Failed(Exception):
    """What a rehearsal has against what it saw."""


class Skipped(Exception):
    """Why it could not be rehearsed here."""


def until(looked: Callable[[], bool], what: str, within_s: float = 60) -> float:
    """Seconds until it was so. Raises Failed when that does not come about."""
    started_s = time.monotonic()
    while not looked():
        if time.monotonic() - started_s > within_s:
            raise Failed(f"{what}: not within {within_s:.0f} s")
        _pause.wait(LOOK_S)
    return time.monotonic() - started_s


class Engine:
    """The program, and what this machine needs said to it."""

    def __init__(self) -> None:
        found = [name for name in ("podman", "docker") if shutil.which(name) and self._answers(name)]
        if not found:
            raise Skipped("neither podman nor docker runs here (Debian: apt-get install podman netavark runc iptables)")
        self.name = found[0]
        self.docker = self.name == "docker"
        self.environment = dict(os.environ)  # noqa: TID251  # of a child that is no service of ours

    def _answers(self, name: str) -> bool:
        return subprocess.run([name, "info"], capture_output=True, timeout=COMMAND_S, check=False).returncode == 0

    def do(
        self, *arguments: str, timeout_s: float = COMMAND_S, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Its exit code and what it said."""
        try:
            return subprocess.run(
                [self.name, *arguments],
                env=self.environment,
                input=given,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} {' '.join(arguments[:2])}: no end after {timeout_s:.0f} s") from None

    def must(self, *arguments: str, timeout_s: float = COMMAND_S, given: str | None = None) -> str:
        """What it printed. Raises Failed when it did not do it."""
        done = self.do(*arguments, timeout_s=timeout_s, given=given)
        if done.returncode:
            raise Failed(f"{self.name} {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether it is here, or was fetched just now."""
        if self.do("image", "inspect", image).returncode == 0:
            return True
        return self.do("pull", "--quiet", image, timeout_s=BUILD_S).returncode == 0

    def base(self, wanted: str) -> str:
        """An image to build on: the wanted one, or a stand-in of Debian packages. Raises Skipped without either."""
        if self.has(wanted):
            return wanted
        if self.do("image", "inspect", BASE).returncode == 0:
            return BASE
        if not shutil.which("mmdebstrap") or os.geteuid() != 0:
            raise Skipped(f"{wanted} cannot be fetched; as root, with mmdebstrap, a stand-in could be made")
        with tempfile.TemporaryDirectory(prefix="sdc-base-") as folder:
            root = Path(folder) / "root.tar"
            make_root(root, "python3,python3-venv,ca-certificates")
            self.must("import", "--change", f"ENV SSL_CERT_FILE={MACHINE_CERTIFICATES}", str(root), BASE)
        return BASE

    def settle(self, base: str) -> str:
        """How containers are started here, in words. Raises Skipped when none can be."""
        probe = ("run", "--rm", "--pull=never", "--network", "none", base, "true")
        if self.do(*probe).returncode == 0:
            return "with its own configuration"
        if not self.docker:
            file = Path(tempfile.mkdtemp(prefix="sdc-containers-")) / "containers.conf"
            file.write_text(MODEST, encoding="utf-8")
            self.environment |= {"CONTAINERS_CONF": str(file), "BUILDAH_ISOLATION": "chroot"}
        if (done := self.do(*probe)).returncode:
            raise Skipped(f"{self.name} cannot start a container here: {done.stderr.strip()[-500:]}")
        return "with runc, cgroupfs and modest limits, since it could not do it with its own configuration"

    def build(self, build: Build, folder: Path, base: str, image: str) -> None:
        """Make an image on `base`; its paths are as seen from `folder`."""
        only_podman = [] if self.docker else ["--format=docker"]
        self.must(
            *("build", *only_podman, "--pull=never" if not self.docker else "--pull=false"),
            *("--build-arg", f"PYTHON={base}", "--target", build.target, "--tag", image),
            *("--file", str((folder / build.context / build.dockerfile).resolve())),
            str((folder / build.context).resolve()),
            timeout_s=BUILD_S,
        )


class Project:
    """The containers, volumes and networks of one rehearsal, which nothing else on this machine shares."""

    def __init__(self, engine: Engine, stack: Stack, name: str) -> None:
        self.engine = engine
        self.stack = stack
        self.name = name

    def image(self, service: str) -> str:
        """Its name here: what is built has never the one that a real site on this machine runs from."""
        image = self.stack.services[service].image
        ours = image in {each.image for each in self.stack.services.values() if each.build}
        return f"localhost/{image.partition(':')[0]}:rehearsal" if ours else image

    def make(self) -> None:
        """Networks and volumes."""
        for name, network in self.stack.networks.items():
            subnets = [each.subnet for each in network.ipam.config] if network.ipam else []
            options = [f"--subnet={each}" for each in subnets] + (["--internal"] if network.internal else [])
            self.engine.must("network", "create", *options, f"{self.name}-{name}")
        for name in self.stack.volumes:
            self.engine.must("volume", "create", f"{self.name}-{name}")

    def start(self, service: str) -> None:
        """A new container of it."""
        given = self.stack.services[service]
        arguments = run_arguments(service, given, self.name, self.image(service), docker=self.engine.docker)
        self.engine.must("run", *arguments)

    def once(self, service: str, *command: str, given: str = "") -> str:
        """A container of it that runs something else and goes: `docker compose run --rm`."""
        wanted = self.stack.services[service]
        arguments = run_arguments(f"{service}-once", wanted, self.name, self.image(service), docker=self.engine.docker)
        kept = arguments[1 : len(arguments) - len(wanted.command)]
        restart = kept.index("--restart")
        del kept[restart : restart + 2]
        return self.engine.must("run", "--rm", "--interactive", *kept, *command, given=given)

    def execute(self, service: str, *command: str, given: str | None = None) -> str:
        """What a command inside printed. Raises Failed."""
        return self.engine.must("exec", "--interactive", f"{self.name}-{service}", *command, given=given)

    def logs(self, service: str) -> str:
        """All that it said so far."""
        done = self.engine.do("logs", f"{self.name}-{service}")
        return done.stdout + done.stderr

    def state(self, service: str) -> dict[str, object]:
        """`Pid`, `Running`, `ExitCode`, and `RestartCount`."""
        told = json.loads(self.engine.must("inspect", f"{self.name}-{service}"))[0]
        return {**told["State"], "RestartCount": told["RestartCount"]}

    def is_well(self, service: str) -> bool:
        """What its health check says; one without a check is well while it runs."""
        if not self.state(service)["Running"]:
            return False
        if self.engine.docker:
            health = self.state(service).get("Health")
            return not isinstance(health, dict) or health["Status"] == "healthy"
        # Its timers need systemd, so the check is run by hand; 125 is a container that has none.
        done = self.engine.do("healthcheck", "run", f"{self.name}-{service}")
        return done.returncode == 0 or "has no defined healthcheck" in done.stderr

    def has_ended_well(self, service: str) -> bool:
        """Whether a service that is to end has. Raises Failed when it ended badly."""
        state = self.state(service)
        if state["Status"] != "exited":
            return False
        if state["ExitCode"]:
            raise Failed(f"{service} ended with {state['ExitCode']}: {self.logs(service)[-2000:]}")
        return True

    def remove(self) -> None:
        """Everything of it, whatever its state."""
        listed = self.engine.do("ps", "--all", "--format", "{{.Names}}").stdout.split()
        mine = [name for name in listed if name.startswith(f"{self.name}-")]
        if mine:
            self.engine.do("rm", "--force", *([] if self.engine.docker else ["--time=0"]), *mine)
        self.engine.do("volume", "rm", "--force", *(f"{self.name}-{name}" for name in self.stack.volumes))
        self.engine.do("network", "rm", *(f"{self.name}-{name}" for name in self.stack.networks))


def make_root(file: Path, packages: str) -> None:
    """A root file system of Debian 12 as a tar or a folder, trusting what this machine trusts. Raises Failed."""
    certificates = "/usr/local/share/ca-certificates"
    command: Sequence[str] = (
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}"),
        f"--customize-hook=sync-in {certificates} {certificates}",
        '--customize-hook=chroot "$1" update-ca-certificates',
        *("bookworm", str(file), "http://deb.debian.org/debian"),
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False)
    if done.returncode:
        raise Failed(f"mmdebstrap: {done.stderr.strip()[-1000:]}")
