"""Deploys the site for a trial as docs/deploy.md says, breaks it, and takes it down: `./dev rehearse`.

    ./dev rehearse [--minio | --bare | --units] [--allow-skip]

Builds the images of infra/Dockerfile, starts the services of infra/compose.yaml in their order, publishes a post, and
reads it through the proxy while each service is killed and each replica of web replaced. `--bare` takes a clean Debian
instead, and runs what README.md says; `--units` starts what is in infra/systemd under a systemd; `--minio` does it all
with the object store that MINIO_IMAGE names. Exits with 1 when something is not as it should be, with 3 when nothing
could be tried here, unless `--allow-skip` is said.
"""

import argparse
import ctypes
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import bare
import compose_file
import httpx
import msgspec
import units
from compose_file import Service
from containers import Engine, Failed, Project, Skipped, until

INFRA = Path(__file__).resolve().parent
SITE = "https://localhost"
CLONE_NEWNET = 0x40000000
READERS = 4
READ_S = 30
COME_BACK_S = 300
"""For a machine that has other things to do; it says how long it took."""
EXPECTED_SECRETS = {
    "store": {"weed_jwt", "sdc_s3_access_key_id", "sdc_s3_secret_access_key"},
    "web-1": {"sdc_webhook_secrets", "sdc_s3_access_key_id", "sdc_s3_secret_access_key", "sdc_smtp_url"},
    "worker": {"sdc_webhook_secrets", "sdc_s3_access_key_id", "sdc_s3_secret_access_key", "sdc_smtp_url"},
    "edge": set(),
}
INSIDE = """
import json, os
status = dict(line.split(":\\t") for line in open("/proc/1/status").read().splitlines() if ":\\t" in line)
def may_write(folder):
    try:
        os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE)); return True
    except OSError:
        return False
routes = [line.split() for line in open("/proc/net/route").read().splitlines()[1:]]
secrets = os.listdir("/secrets") if os.path.isdir("/secrets") else []
print(json.dumps({
    "user": status["Uid"].split()[0], "capabilities": int(status["CapBnd"], 16), "no_new": status["NoNewPrivs"].strip(),
    "writes": [each for each in ("/", "/etc", "/app", "/usr", "/secrets", "/var") if may_write(each)],
    "way_out": any(route[1] == "00000000" for route in routes), "secrets": sorted(secrets),
}))
"""
"""Asked of PID 1 in a container, which is what the engine started."""


class Seen(msgspec.Struct, kw_only=True):
    """What readers were answered meanwhile: how often, the slowest, and what was no page."""

    answers: int = 0
    slowest_s: float = 0.0
    failures: list[str] = []


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="rehearse", description="Deploy the site for a trial, break it, take it down."
    )
    parser.add_argument("--bare", action="store_true", help="on a clean Debian without containers, as README.md says")
    parser.add_argument("--units", action="store_true", help="the units of infra/systemd, in a container with systemd")
    parser.add_argument("--minio", action="store_true", help="with the object store that MINIO_IMAGE names")
    parser.add_argument("--allow-skip", action="store_true", help="exit with 0 where nothing can be tried")
    said = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say = Progress()
    try:
        if said.bare:
            bare.rehearse(say)
        elif said.units:
            project = built(say, only="secrets")
            units.rehearse(project.engine, project.image("secrets"), say)
        else:
            containers(say, minio=said.minio)
    except Skipped as why:
        say(f"NOT REHEARSED: {why}")
        return 0 if said.allow_skip else 3
    except (Failed, httpx.HTTPError) as failure:
        say(f"FAILED: {failure or type(failure).__name__}")
        return 1
    except KeyboardInterrupt:
        return 130
    say("rehearsed: all is as it should be")
    return 0


class Progress:
    """A line for each thing that is done, with the seconds since the start."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._started_s:7.1f} s  {text}", flush=True)


def containers(say: Progress, *, minio: bool) -> None:
    """The whole of compose.yaml. Raises Skipped and Failed."""
    project = built(say, "compose.minio.yaml") if minio else built(say)
    say(leave_the_network(project.engine))
    try:
        project.make()
        Rehearsal(project, say, minio=minio).run()
    finally:
        project.remove()
        say("removed its containers, volumes and networks")


def built(say: Progress, *overrides: str, only: str = "") -> Project:
    """An engine with the images of compose.yaml, or only that of one service. Raises Skipped and Failed."""
    engine = Engine()
    variables = {**os.environ, "SDC_SITE_URL": SITE, "SDC_S3_ACCESS_KEY_ID": "rehearsal"}  # as Compose would read them
    try:
        stack = compose_file.read(INFRA / "compose.yaml", variables, *(INFRA / each for each in overrides))
    except ValueError as missing:
        raise Skipped(str(missing)) from None
    given = stack.services["store"].image
    if given != stack.services["secrets"].image and not engine.has(given):
        raise Skipped(f"the image {given} of the object store is not here and cannot be fetched")
    builds = {name: each.build for name, each in stack.services.items() if each.build}
    wanted = builds["secrets"].args["PYTHON"]
    base = engine.base(wanted)
    say(f"{engine.name} builds on {base}" + ("" if base == wanted else f", in the place of {wanted}"))
    say(f"{engine.name} starts containers {engine.settle(base)}")
    project = Project(engine, stack, f"sdc-rehearsal-{os.getpid()}")
    images: dict[str, str] = {}
    for name, build in builds.items():
        image = project.image(name)
        if image not in images.values() and only in ("", name):
            engine.build(build, INFRA, base, image)
            say(f"built {image}")
        images[name] = image
    return project


def leave_the_network(engine: Engine) -> str:
    """Have this process and the containers in a network of their own, so that no port of the machine is used and
    nothing reaches the outside; in words, how that went. Docker's containers belong to its service, which stays.
    """
    if engine.docker or os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        return "uses ports 80, 443, 8000 and 8002 of this machine"
    subprocess.run(("/usr/bin/env", "ip", "link", "set", "lo", "up"), check=True, timeout=10)
    return "goes on in a network of its own"


class Rehearsal:
    """One life of the site in containers."""

    def __init__(self, project: Project, say: Progress, *, minio: bool) -> None:
        self.project = project
        self.minio = minio
        self.services = compose_file.started(project.stack.services, ("edge",))
        self.say = say
        self.path = ""
        self.waited_for: set[str] = set()
        self.context = ssl.create_default_context()

    def run(self) -> None:
        """All of it, in the order in which an operator would."""
        if self.minio:
            self.set_secret("sdc_s3_secret_access_key", os.urandom(20).hex())
        self.come_up()
        self.publish()
        self.look_inside()
        for name in ("web-1", "web-2", "worker", "store", "edge"):
            self.kill(name)
        for name in ("web-1", "web-2"):
            self.replace(name)
        self.publish()
        self.judge()
        self.go_down()

    def come_up(self) -> None:
        """Each service once those that it waits for are where they must be."""
        for name in compose_file.in_order(self.services):
            for other, depends in self.services[name].depends_on.items():
                self.await_condition(other, depends.condition)
            self.project.start(name)
        until(self.has_certificate, "the proxy's certificate", COME_BACK_S)
        for name in ("web-1", "web-2", "worker", "store"):
            until(partial(self.project.is_well, name), f"{name} to be well", COME_BACK_S)
        until(lambda: self.reads("/health/live"), "the proxy to answer", COME_BACK_S)
        self.say("is up")

    def await_condition(self, name: str, condition: str) -> None:
        """Until a service has come to what another needs of it."""
        looked: dict[str, Callable[[str], bool]] = {
            "service_healthy": self.project.is_well,
            "service_completed_successfully": self.project.has_ended_well,
            "service_started": lambda service: bool(self.project.state(service)["Running"]),
        }
        try:
            seconds = until(partial(looked[condition], name), f"{name} for {condition}", COME_BACK_S)
        except Failed as failure:
            raise Failed(f"{failure}\n{self.project.logs(name)[-2000:]}") from None
        if seconds > 1 and name not in self.waited_for:
            self.waited_for.add(name)
            self.say(f"{name} {condition.removeprefix('service_').replace('_', ' ')}")

    def has_certificate(self) -> bool:
        """Whether the proxy has made its own authority, which is then the only one believed."""
        found = self.project.engine.do(
            "exec", f"{self.project.name}-edge", "cat", "/certificates/caddy/pki/authorities/local/root.crt"
        )
        if found.returncode:
            return False
        self.context = ssl.create_default_context(cadata=found.stdout)
        return True

    def reads(self, path: str) -> bool:
        """Whether the proxy answers it with 200."""
        try:
            return httpx.get(f"{SITE}{path}", verify=self.context, timeout=READ_S, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def publish(self) -> None:
        """A new post, by the API through the proxy, and read there and of both replicas."""
        if not self.path:
            self.link_works()
            self.project.execute("worker", "sdc", "author", "add", "ada", "--password-stdin", given="gegen den Nebel 7")
            self.token = self.project.execute("worker", "sdc", "token", "create", "trial", "--scope", "write").split()[
                -1
            ]
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(
            base_url=f"{SITE}/api/v1", headers=headers, verify=self.context, timeout=READ_S, trust_env=False
        ) as api:
            made = api.post("/posts", json={"title": f"Fog {time.monotonic_ns()}", "body": "It *came* in the night."})
            done = api.post(
                f"/posts/{made.raise_for_status().json()['id']}/publication",
                headers={"If-Match": f'"{made.json()["revision"]}"'},
            )
        self.path = httpx.URL(done.raise_for_status().json()["url"]).path
        for url in (f"{SITE}{self.path}", *(f"http://127.0.0.1:{port}{self.path}" for port in (8000, 8002))):
            answer = httpx.get(url, headers={"Host": "localhost"}, verify=self.context, timeout=READ_S, trust_env=False)
            if answer.status_code != 200 or "<em>came</em>" not in answer.text:
                raise Failed(f"{url} answers {answer.status_code} and not the post")
        self.say(f"published {self.path}, read through the proxy and of both replicas")

    def link_works(self) -> None:
        """The link that makes one the author is in the log of `prepare`."""
        log = self.project.logs("prepare")
        link = next((word for word in log.split() if word.startswith(f"{SITE}/author/setup?token=")), "")
        if not link or not self.reads(link.removeprefix(SITE)):
            raise Failed(f"the log of prepare has no link that works: {log}")

    def look_inside(self) -> None:
        """Users, capabilities, what can be written, the way out, and who sees which secret."""
        self.set_secret("sdc_smtp_url", "smtp://mail.example")
        not_ours, by_key = ({"store"}, {"sdc_s3_access_key_id"}) if self.minio else (set(), set())
        for name in sorted(set(EXPECTED_SECRETS) - not_ours):
            expected = EXPECTED_SECRETS[name] - by_key
            found = json.loads(self.project.execute(name, "python3", "-c", INSIDE))
            wanted = {"user": "10001", "capabilities": 0, "no_new": "1", "writes": []}
            wanted |= {"way_out": name != "store", "secrets": sorted(expected)}
            if found != wanted:
                raise Failed(f"inside of {name} is {found}, and should be {wanted}")
        self.say("inside: user 10001, no capability, writes only volumes, its own secrets; no way out of the store")

    def set_secret(self, name: str, value: str) -> None:
        """As docs/deploy.md says."""
        self.project.once("secrets", "sdc", "secrets", "--set", name, "--hand-out", "/handed", given=value)

    def kill(self, name: str) -> None:
        """What a machine that runs out of memory does to it, while readers go on."""
        before = self.project.state(name)
        with self.readers() as seen:
            os.kill(int(str(before["Pid"])), signal.SIGKILL)
            seconds = until(
                lambda: (
                    self.project.state(name)["RestartCount"] != before["RestartCount"] and self.project.is_well(name)
                ),
                f"{name} to come back",
                COME_BACK_S,
            )
            if name == "edge":
                until(lambda: self.reads(self.path), "the proxy to answer again", COME_BACK_S)
        self.tell(f"{name} killed, well again after {seconds:.1f} s", seen, may_fail=name == "edge")

    def replace(self, name: str) -> None:
        """A new container in the place of a running one, as `docker compose up -d --no-deps` does."""
        with self.readers() as seen:
            self.stop(name)
            self.project.engine.must("rm", f"{self.project.name}-{name}")
            self.project.start(name)
            until(partial(self.project.is_well, name), f"{name} to be well", COME_BACK_S)
            # The proxy looks each second.
            until(lambda: seen.answers >= 20, "readers to go on", COME_BACK_S)
        self.tell(f"{name} replaced", seen, may_fail=False)

    def tell(self, what: str, seen: Seen, *, may_fail: bool) -> None:
        """A line on what readers noticed. Raises Failed when they should not have."""
        failed = f", {len(seen.failures)} of them failed" if seen.failures else ", none failed"
        self.say(f"{what}; {seen.answers} reads{failed}, the slowest took {seen.slowest_s:.2f} s")
        if not seen.answers or (seen.failures and not may_fail):
            raise Failed(f"{what}: {seen.failures[:3] or 'nobody could read meanwhile'}")

    @contextmanager
    def readers(self) -> Generator[Seen]:
        """Reads of the post and of pages that no process has kept, for as long as the block runs."""
        seen, over = Seen(failures=[]), threading.Event()
        with ThreadPoolExecutor(READERS) as people:
            going = [people.submit(self.read_on, seen, over, number) for number in range(READERS)]
            try:
                until(lambda: seen.answers >= READERS, "readers to begin", COME_BACK_S)
                yield seen
            finally:
                over.set()
        for each in going:
            each.result()

    def read_on(self, seen: Seen, over: threading.Event, number: int) -> None:
        """One reader."""
        count = 0
        with httpx.Client(base_url=SITE, verify=self.context, timeout=READ_S, trust_env=False) as reader:
            while not over.is_set():
                count += 1
                path = self.path if count % 2 else f"/search?q=fog{number}x{count}"
                started_s = time.monotonic()
                try:
                    status = reader.get(path).status_code
                except httpx.HTTPError as error:
                    seen.failures.append(f"{path}: {type(error).__name__} {error}")
                    over.wait(0.1)
                    continue
                seen.answers += 1
                seen.slowest_s = max(seen.slowest_s, time.monotonic() - started_s)
                if status != 200:
                    seen.failures.append(f"{path}: {status}")

    def judge(self) -> None:
        """What the site says of itself in the end."""
        found: list[dict[str, object]] = []

        def is_well() -> bool:
            told = self.project.engine.do("exec", f"{self.project.name}-worker", "sdc", "doctor", "--json")
            found[:] = [check for check in json.loads(told.stdout) if not check["ok"]]
            return not found

        try:
            until(is_well, "the doctor to find nothing", COME_BACK_S)
        except Failed:
            raise Failed(f"sdc doctor finds {found}") from None
        self.say("sdc doctor finds nothing")

    def go_down(self) -> None:
        """Each in turn, the last to come up first."""
        for name in reversed(compose_file.in_order(self.services)):
            if self.project.state(name)["Running"]:
                self.stop(name)
        self.say("stopped: each ended by itself, within its time")

    def stop(self, name: str) -> None:
        """Ask it to end. Raises Failed when it had to be killed."""
        service: Service = self.services[name]
        self.project.engine.must(
            *("stop", f"--time={service.grace_s}", f"{self.project.name}-{name}"), timeout_s=service.grace_s + 30
        )
        if self.project.state(name)["ExitCode"] == 128 + signal.SIGKILL:
            raise Failed(f"{name} did not end within {service.grace_s} s: {self.project.logs(name)[-1500:]}")


if __name__ == "__main__":
    sys.exit(main())
