"""A cached page: requests per second and server CPU per request, against raw ASGI and nginx with the same bytes.

Rounds are interleaved, figures are medians, and ratios are of this run. Needs wrk; nginx takes part where it is there.
"""

import json
import os
import re
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sites

ROUNDS = 5
SECONDS = 2
CONNECTIONS = (16, 64)
PATH = "/posts/a-post"
WORDS = 1_500
READY_S = 180
"""Long enough to fetch Wagtail."""
BY_SERVER = frozenset({"connection", "date", "server"})
HERE = Path(__file__).parent
SERVERS = HERE / "page_servers.py"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
NAMES = {
    "nginx": "nginx, a static file",
    "raw": "raw ASGI",
    "bare": "web without request log",
    "whole": "web",
    "wagtail": "Wagtail, Django's page cache",
}
WAGTAIL = ("uv", "run", "--no-project", "--isolated", "--with", "wagtail>=8,<9", "--with", "granian")
"""Wagtail is fetched into an environment of its own when it is first measured."""
NGINX_CONF = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type "text/html; charset=utf-8";
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port}; root {folder}/static; add_header content-encoding br; add_header cache-control no-cache;
  }}
}}
"""


def main() -> None:
    """Print the tables."""
    if shutil.which("wrk") is None:
        sys.exit("bench_pages: needs wrk (Debian and Ubuntu: apt-get install wrk)")
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as folder, ExitStack() as stack:
        first = sites.free_ports(len(NAMES))
        ports = {kind: first + number for number, kind in enumerate(NAMES)}
        environment = prepare(Path(folder))
        servers = {
            "whole": stack.enter_context(served(web_command("whole", ports["whole"]), environment, ports["whole"]))
        }
        body = fetch(ports["whole"])
        (Path(folder) / "static" / "posts").mkdir(parents=True)
        (Path(folder) / "static" / PATH[1:]).write_bytes(body)
        environment |= {"SDC_BENCH_ANSWER": kept_answer(Path(folder), body, ports["whole"])}
        for kind in ("raw", "bare"):
            servers[kind] = stack.enter_context(served(web_command(kind, ports[kind]), environment, ports[kind]))
        if NGINX:
            conf = Path(folder) / "nginx.conf"
            conf.write_text(NGINX_CONF.format(folder=folder, port=ports["nginx"]), encoding="utf-8")
            command = [NGINX, "-c", str(conf), "-p", folder]
            servers["nginx"] = stack.enter_context(served(command, environment, ports["nginx"]))
        else:
            print("nginx is not installed here: its rows are left out (apt-get install nginx)\n")
        if shutil.which("uv"):
            text = re.search(r"<article.*</article>", fetch(ports["whole"], "identity").decode(), re.DOTALL)
            assert text is not None
            (Path(folder) / "text.html").write_text(text[0], encoding="utf-8")
            arguments = ["-m", "wagtail_peer", folder, f"{folder}/text.html", str(ports["wagtail"])]
            command = [*WAGTAIL, "--python", sys.executable, "python", *arguments]
            servers["wagtail"] = stack.enter_context(served(command, environment, ports["wagtail"]))
        else:
            print("uv is not on the path: the rows of Wagtail are left out\n")
        print(f"a post of {WORDS} words, {len(body):,} bytes of Brotli; medians of {ROUNDS} rounds of {SECONDS} s\n")
        for connections in CONNECTIONS:
            table(servers, ports, connections)
        print("304 and 200 of web, 64 connections")
        etag = dict(headers(ports["whole"]))["etag"]
        one, again = [], []
        for _ in range(ROUNDS):
            one.append(load(servers["whole"], ports["whole"], 64)[1])
            again.append(load(servers["whole"], ports["whole"], 64, f"If-None-Match: {etag}")[1])
        print(f"  CPU per 200 {statistics.median(one):6.1f} us   per 304 {statistics.median(again):6.1f} us")


def table(servers: dict[str, int], ports: dict[str, int], connections: int) -> None:
    """One table: rounds take turns, so that what else the machine does meets all alike."""
    speeds, costs = defaultdict(list), defaultdict(list)
    for _ in range(ROUNDS):
        for kind, pid in servers.items():
            speed, cost = load(pid, ports[kind], connections)
            speeds[kind].append(speed)
            costs[kind].append(cost)
    raw = statistics.median(costs["raw"])
    print(f"{connections} connections                requests/s   CPU us/request   CPU to raw ASGI   speed to nginx")
    for kind, name in NAMES.items():
        if kind in servers:
            speed, cost = statistics.median(speeds[kind]), statistics.median(costs[kind])
            to_nginx = f"{speed / statistics.median(speeds['nginx']):14.2f}x" if "nginx" in speeds else ""
            print(f"  {name:<28} {speed:10,.0f} {cost:16.1f} {cost / raw:16.2f}x {to_nginx}")
    if "wagtail" in servers:
        times = statistics.median(speeds["whole"]) / statistics.median(speeds["wagtail"])
        print(f"  web answers {times:.0f} times as many requests as Wagtail")
    print()


def load(pid: int, port: int, connections: int, more: str = "") -> tuple[float, float]:
    """Requests per second, and microseconds of the server's CPU for each."""
    before = sites.cpu_s(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-H", "Accept-Encoding: br, gzip"]
    done = subprocess.run(
        [*command, *(["-H", more] if more else []), f"http://127.0.0.1:{port}{PATH}"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    assert rate, done.stdout
    assert "Non-2xx" not in done.stdout, done.stdout
    return float(rate[1]), (sites.cpu_s(pid) - before) * 1e6 / int(found[1])


def prepare(folder: Path) -> dict[str, str]:
    """A site with one post, and its environment. No worker and no object store: readers need neither."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    environment = {
        **inherited,
        "SDC_DATA_DIR": str(folder / "data"),
        "SDC_WEBHOOK_SECRETS": f"whsec_{secrets.token_hex(24)}",
        "SDC_LOG_LEVEL": "ERROR",
    }
    (folder / "data").mkdir()
    (folder / "texts").mkdir()
    text = "Some **words** about fog and light on a river. " * (WORDS // 9)
    code = '```python\nasync def main() -> None:\n    """Print."""\n    print("fog")\n```\n'
    (folder / "texts" / "a-post.md").write_text(f"---\ntitle: A post\n---\n{text}\n\n{code}", encoding="utf-8")
    for arguments in (["author", "add", "ada"], ["import", str(folder / "texts")]):
        subprocess.run([sites.SDC, *arguments], env=environment, check=True, capture_output=True, timeout=60)
    return environment


def web_command(kind: str, port: int) -> list[str]:
    """How one of ours is started."""
    return [sys.executable, str(SERVERS), kind, str(port)]


@contextmanager
def served(command: list[str], environment: dict[str, str], port: int) -> Generator[int]:
    """A server for the block: its process id, once it has answered."""
    with subprocess.Popen(command, env=environment, cwd=HERE) as server:
        try:
            give_up_s = time.perf_counter() + READY_S
            while time.perf_counter() < give_up_s:
                try:
                    fetch(port)
                    break
                except (urllib.error.URLError, OSError):
                    assert server.poll() is None, command
                    threading.Event().wait(0.05)
            yield server.pid
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)


def fetch(port: int, encoding: str = "br") -> bytes:
    """The page as it travels."""
    with urllib.request.urlopen(request(port, encoding), timeout=5) as answer:
        return answer.read()


def headers(port: int) -> list[tuple[str, str]]:
    """The headers of the page but for those that the server itself adds."""
    with urllib.request.urlopen(request(port), timeout=5) as answer:
        return [(name.lower(), value) for name, value in answer.headers.items() if name.lower() not in BY_SERVER]


def kept_answer(folder: Path, body: bytes, port: int) -> str:
    """A folder with the answer of web, for `raw` to give the same."""
    where = folder / "answer"
    where.mkdir()
    (where / "body").write_bytes(body)
    (where / "headers.json").write_text(json.dumps(headers(port)), encoding="utf-8")
    return str(where)


def request(port: int, encoding: str = "br") -> urllib.request.Request:
    """What a browser that takes that encoding asks."""
    return urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", headers={"Accept-Encoding": encoding})


if __name__ == "__main__":
    main()
