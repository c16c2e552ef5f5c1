"""The units of infra/systemd, under a systemd that is PID 1 of a container: `./dev rehearse --units`."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from containers import Engine, Failed, Skipped, until

UNITS = Path(__file__).resolve().parent / "systemd"
IMAGE = "localhost/sdc-systemd:rehearsal"
PARTS = {
    "sdc-store": "8333/healthz",
    "sdc-worker": "8001/health",
    "sdc-web@8000": "8000/health",
    "sdc-web@8002": "8002/health",
}
UP_S = 180
INSTALL_S = 1800
RECIPE = """
FROM {image}
USER 0:0
RUN apt-get update -qq \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends systemd systemd-sysv \\
    && mkdir -p /opt/sdc /etc/sdc && ln -s /app/.venv /opt/sdc/.venv \\
    && echo SDC_SITE_URL=http://localhost:8000 > /etc/sdc/sdc.env
HEALTHCHECK NONE
CMD ["/sbin/init"]
"""
LOOK = """
import os, subprocess, sys
pid = sys.argv[1]
status = dict(line.split(":\\t") for line in open(f"/proc/{pid}/status").read().splitlines() if ":\\t" in line)
rights = [status[name].split()[0] for name in ("Uid", "CapBnd", "NoNewPrivs", "Seccomp")]
inside = ["nsenter", "--target", pid, "--mount", "setpriv", "--reuid", "sdc", "--regid", "sdc", "--clear-groups"]
written = [each for each in ("/etc", "/opt", "/var", "/usr", "/app", "/var/lib/sdc")
           if subprocess.run([*inside, "touch", f"{each}/trial"], capture_output=True).returncode == 0]
print(rights == ["10001", "0" * 16, "1", "2"] and written == ["/var/lib/sdc"], rights, written)
"""
"""Whether a process is of the right user, without capability, with system calls filtered, and what it may write."""

Say = Callable[[str], None]


def rehearse(engine: Engine, image: str, say: Say) -> None:
    """The one unit, then those of the parts. Raises Skipped and Failed."""
    if engine.docker:
        raise Skipped("the units of systemd need podman, which can give a container a systemd")
    recipe = RECIPE.format(image=image)
    ways = ("--format=docker", "--pull=never", "--network=host")
    engine.must("build", *ways, "--tag", IMAGE, "-", timeout_s=INSTALL_S, given=recipe)
    machine = Machine(engine, f"sdc-units-{os.getpid()}")
    ways = ("--systemd=always", "--privileged", "--network=none", "--pull=never", f"--volume={UNITS}:/units:ro")
    engine.must("run", "--detach", "--name", machine.name, *ways, IMAGE)
    try:
        until(lambda: machine.does("systemctl", "is-system-running"), "systemd to be up", UP_S)
        machine.must("sh", "-c", "cp -r /units/. /etc/systemd/system/ && systemctl daemon-reload")
        say("systemd is up")
        the_one(machine, say)
        without_a_store(machine, say)
        the_parts(machine, say)
    finally:
        engine.do("rm", "--force", "--time=0", machine.name)


def the_one(machine: "Machine", say: Say) -> None:
    """`sdc.service`."""
    machine.must("systemctl", "start", "sdc")
    until(partial(machine.answers, "8000/health"), "sdc.service to be well", UP_S)
    machine.look("sdc")
    machine.must("systemctl", "stop", "sdc")
    if (result := machine.property("sdc", "Result")) != "success":
        raise Failed(f"sdc.service ended with {result}: {machine.said('sdc')}")
    say("sdc.service is well, has no right too many, and ends well")


def without_a_store(machine: "Machine", say: Say) -> None:
    """The databases are gone, and the store with their replicas comes late: no part makes new ones in their place."""
    machine.must("sh", "-c", "rm /var/lib/sdc/*.db*")
    # A mask of the running system would be of no account beside a unit in /etc.
    machine.must("sh", "-c", "mv /etc/systemd/system/sdc-store.service /root/ && systemctl daemon-reload")
    machine.must("systemctl", "start", "--no-block", *[name for name in PARTS if name != "sdc-store"])
    failed = partial(machine.property, "sdc-prepare", "NRestarts")
    until(lambda: int(failed()) > 0, "sdc-prepare to be tried again", UP_S)
    if made := machine.must("sh", "-c", "ls /var/lib/sdc/*.db 2>/dev/null || true"):
        raise Failed(f"before what was lost could be brought back, somebody made {made}")
    machine.must("sh", "-c", "mv /root/sdc-store.service /etc/systemd/system/ && systemctl daemon-reload")
    machine.must("systemctl", "start", "sdc-store")
    until(partial(machine.answers, PARTS["sdc-web@8000"]), "the site to be brought back", UP_S)
    if "restored from its replica" not in (said := machine.said("sdc-prepare")):
        raise Failed(f"the databases were made anew: {said}")
    say("lost databases wait for a store that comes late, and are brought back out of it")


def the_parts(machine: "Machine", say: Say) -> None:
    """A unit each, on the data folder of the one; each is killed, and must come back by itself."""
    machine.must("systemctl", "start", *PARTS)
    for name, address in PARTS.items():
        until(partial(machine.answers, address), f"{name} to be well", UP_S)
        machine.look(name)
    say("the parts are well: user 10001, no capability, system calls filtered, nothing to write but /var/lib/sdc")
    for name, address in PARTS.items():
        started = machine.property(name, "MainPID")
        machine.must("systemctl", "kill", "--kill-who=main", "--signal=SIGKILL", name)
        until(lambda: machine.property(name, "MainPID") not in ("0", started), f"{name} to be started again", UP_S)  # noqa: B023 - asked here
        seconds = until(partial(machine.answers, address), f"{name} to be well", UP_S)
        say(f"{name} killed and started again, well {seconds:.1f} s later")


class Machine:
    """A container that has systemd."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    def must(self, *command: str) -> str:
        """What a command printed. Raises Failed."""
        return self._engine.must("exec", self.name, *command)

    def does(self, *command: str) -> bool:
        """Whether it ended with 0."""
        return self._engine.do("exec", self.name, *command).returncode == 0

    def answers(self, address: str) -> bool:
        """Whether a GET is answered with 200."""
        asked = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{address}', timeout=5)"
        return self.does("python3", "-c", asked)

    def property(self, unit: str, name: str) -> str:
        """What systemd knows of a unit."""
        return self.must("systemctl", "show", "--value", "--property", name, unit)

    def said(self, unit: str) -> str:
        """The end of its log."""
        return self.must("journalctl", "--no-pager", "--output=cat", "--lines=30", "--unit", unit)

    def look(self, unit: str) -> None:
        """Whether it runs with the rights that its unit leaves it. Raises Failed."""
        found = self.must("python3", "-c", LOOK, self.property(unit, "MainPID"))
        if not found.startswith("True"):
            raise Failed(f"{unit} has {found}")
