"""Images: CPU, wall, memory and bytes of one job against sharp, and what the quality of each picture's own saves.

    SDC_BENCH_PHOTOS=FOLDER ./dev bench benchmarks/bench_images.py

Takes the four largest JPEGs of the folder; without one, four that `tests/photograph.py` takes. sharp comes from npm,
into a folder that is removed again. Where the module `ssimulacra2` is there, bytes at equal looks are compared as
well, on `SDC_BENCH_LOOKS` photographs of the folder; none leaves that out.

    ./dev bench benchmarks/bench_images.py --end-to-end

tells of a whole site (`sdc up`) how long an author waits for one photograph of twelve megapixels, and how late both
services' loops are while `SDC_BENCH_AT_ONCE` of them are made.
"""

import importlib.util
import itertools
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec
from PIL import Image
from sdc_core.variants import Format
from sdc_worker.images import encode, minify, picture, quality
from sdc_worker.images.encode import Settings

import sites

PHOTOS = int(os.environ.get("SDC_BENCH_COUNT", "4"))
ROUNDS = int(os.environ.get("SDC_BENCH_ROUNDS", "3"))
SHARP = "sharp@0.35.5"
LOOKS = int(os.environ.get("SDC_BENCH_LOOKS", "8"))
AT_ONCE = int(os.environ.get("SDC_BENCH_AT_ONCE", "10"))
LOOK_S = 0.1
TOKENS = 8
"""Each may ask so often a minute; together they may look as often as this author does."""
FIXED = (45, 50, 55, 60, 65, 70, 76)
WITHIN = 0.3
"""Of a score, when two files are said to look equal."""
_FIXED_QUALITY = "fixed"


def main() -> None:
    """Print both tables."""
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2], sys.argv[3], [Path(each) for each in sys.argv[4:]])
        return
    if sys.argv[1:2] == ["--end-to-end"]:
        end_to_end()
        return
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as home:
        photos = chosen(Path(home))
        megapixels = sum(Image.open(each).width * Image.open(each).height for each in photos) / 1e6
        print(
            f"{len(photos)} photographs, {megapixels:.0f} MP together, 12 files each, two at a time, {ROUNDS} rounds\n"
        )
        if ROUNDS:
            against_sharp(Path(home), photos)
        if LOOKS and importlib.util.find_spec("ssimulacra2"):
            every = sorted(photos[0].parent.glob("*.jpg"))[:LOOKS]
            equal_looks(Path(home), every)
            saved(every)


def chosen(home: Path) -> list[Path]:
    """The photographs."""
    folder = os.environ.get("SDC_BENCH_PHOTOS")
    if folder:
        return sorted(Path(folder).glob("*.jpg"), key=lambda each: Image.open(each).width * Image.open(each).height)[
            -PHOTOS:
        ]
    return [taken(home, number) for number in range(PHOTOS)]


def taken(home: Path, number: int) -> Path:
    """A photograph of twelve megapixels that is like no other."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    import photograph  # noqa: PLC0415

    return photograph.take(home / f"{number}.jpg", 4000 + number, 3000)


def end_to_end() -> None:
    """What an author waits for, from the first byte sent, on a site of its own; and the lag of its loops."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as home:
        photos = [taken(Path(home), number) for number in range(ROUNDS + AT_ONCE)]
        Path(home, "data").mkdir()
        environment = sites.settings(f"{home}/data")
        sdc = partial(subprocess.run, env=environment, check=True, capture_output=True, text=True, timeout=60)
        sdc([sites.SDC, "author", "add", "ada"])
        create = [sites.SDC, "token", "create", "--scope", "write"]
        tokens = [sdc([*create, f"bench-{number}"]).stdout.split()[-1] for number in range(TOKENS)]
        with sites.up(environment):
            author = Author(int(environment["SDC_WEB_PORT"]), tokens)
            # The first one starts a process of the pool.
            author.waits(author.upload(taken(Path(home), ROUNDS + AT_ONCE)))
            alone = [author.waits(author.upload(each)) for each in photos[:ROUNDS]]
            for name, took in zip(("its first size", "all of them"), zip(*alone, strict=True), strict=True):
                print(f"one photograph of 12 MP, until {name:<16}{statistics.median(took):6.2f} s (of {ROUNDS})")
            together(author, photos[ROUNDS:], environment)


def together(author: "Author", photos: list[Path], environment: dict[str, str]) -> None:
    """Photographs sent one after the other, while those before are made."""
    ports = {name: int(environment[f"SDC_{name.upper()}_PORT"]) for name in ("web", "worker")}
    began = time.perf_counter()
    uploads = [author.upload(each) for each in photos]
    sent_s = time.perf_counter() - began
    late: dict[str, list[float]] = {name: [] for name in ports}
    while not author.all_ready(uploads):
        for name, port in ports.items():
            late[name].append(worst_lag(port))
        threading.Event().wait(LOOK_S)
    print(f"{len(photos)} of them: sent in {sent_s:.1f} s, ready after {time.perf_counter() - began:.1f} s")
    for name, found in late.items():
        print(f"  the loop of {name:<7} p99 of a minute: at worst {max(found, default=0) * 1e3:.1f} ms late")


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """An asset, and when the first byte of its file was sent."""

    asset_id: str
    began_s: float


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """What the API tells of one."""

    id: str
    state: str
    variants: tuple[dict[str, str | int], ...] = ()


class Author:
    """Who sends photographs by the API and looks what became of them."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self._url = f"http://localhost:{port}/api/v1/media"
        self._tokens = itertools.cycle(tokens)

    def upload(self, photo: Path) -> Upload:
        began_s = time.perf_counter()
        told = self._told(f"{self._url}?filename={photo.name}&alt=A+bridge", photo.read_bytes())
        return Upload(asset_id=told.id, began_s=began_s)

    def waits(self, upload: Upload) -> tuple[float, float]:
        """Seconds until there is something to show, and until all sizes are there."""
        first_s = 0.0
        while True:
            told = self._told(f"{self._url}/{upload.asset_id}")
            took_s = time.perf_counter() - upload.began_s
            first_s = first_s or (took_s if told.variants else 0.0)
            if told.state == "ready":
                return first_s, took_s
            assert told.state == "pending", told
            threading.Event().wait(LOOK_S)

    def all_ready(self, uploads: list[Upload]) -> bool:
        return all(self._told(f"{self._url}/{each.asset_id}").state == "ready" for each in uploads)

    def _told(self, url: str, body: bytes | None = None) -> Asset:
        headers = {"authorization": f"Bearer {next(self._tokens)}", "content-type": "image/jpeg"}
        request = urllib.request.Request(url, body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return msgspec.json.decode(answer.read(), type=Asset)


def worst_lag(port: int) -> float:
    """What 99 of a hundred beats of the last minute were not later than, in seconds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.findall(
            r'^sdc_event_loop_lag_seconds{.*quantile="0\.99".*} (\S+)$', answer.read().decode(), re.MULTILINE
        )
    return max(map(float, found))


def against_sharp(home: Path, photos: list[Path]) -> None:
    """The job whole, in rounds that take turns."""
    npm = installed(home)
    sides = {
        "ours": lambda: ours(home, photos, "searched"),
        "ours, one quality": lambda: ours(home, photos, _FIXED_QUALITY),
    }
    if npm:
        sides |= {"sharp, tuned": lambda: sharp(home, photos, "tuned"), "sharp": lambda: sharp(home, photos, "default")}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            runs[name].append(side())
            print("  ", name, {key: round(value, 2) for key, value in runs[name][-1].items()}, flush=True)
    keys = ("cpu_s", "wall_s", "peak_mib", "mb")
    print(f"{'':<20}" + "".join(f"{each:>12}" for each in keys))
    for name, found in runs.items():
        print(f"{name:<20}" + "".join(f"{statistics.median(run[key] for run in found):12.2f}" for key in keys))


def installed(home: Path) -> bool:
    """Whether sharp is there, brought once."""
    if (home / "sharp_peer.mjs").exists():
        return True
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not here, and so sharp is not either")
        return False
    subprocess.run([npm, "install", "--silent", "--no-save", "--prefix", home, SHARP], check=True)
    shutil.copy(Path(__file__).with_name("sharp_peer.mjs"), home)
    return True


def ours(home: Path, photos: list[Path], how: str) -> dict[str, float]:
    """Two processes, each with every second photograph."""
    with tempfile.TemporaryDirectory(dir=home) as out:
        began = time.perf_counter()
        halves = [photos[0::2], photos[1::2]]
        children = [
            subprocess.Popen([sys.executable, __file__, "--make", how, out, *map(str, half)], stdout=subprocess.PIPE)
            for half in halves
        ]
        said = [json.loads(child.communicate()[0]) for child in children]
        wall_s = time.perf_counter() - began
        return {
            "cpu_s": sum(each["cpu_s"] for each in said),
            "wall_s": wall_s,
            "peak_mib": max(each["peak_mib"] for each in said),
            "mb": megabytes(Path(out)),
        }


def make(how: str, out: str, photos: list[Path]) -> None:
    """One process's share; prints what it took."""
    if how == _FIXED_QUALITY:
        minify.quality.chosen = lambda *_: Settings()  # ty: ignore[invalid-assignment]
    # Neither side's start counts: what makes pictures lives long.
    before = resource.getrusage(resource.RUSAGE_SELF)
    for photo in photos:
        folder = Path(out) / photo.stem
        folder.mkdir()
        minify.minify(photo, folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu_s": cpu_s, "peak_mib": used.ru_maxrss / 1024}))


def sharp(home: Path, photos: list[Path], mode: str) -> dict[str, float]:
    """One process that does two at a time."""
    with tempfile.TemporaryDirectory(dir=home) as out:
        command = ["node", home / "sharp_peer.mjs", mode, out, *photos]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return said | {"mb": megabytes(Path(out))}


def megabytes(folder: Path) -> float:
    """What all files in it take."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 1e6


def equal_looks(home: Path, photos: list[Path]) -> None:
    """At 960: what our encoders need for the score that sharp's defaults reach, as a share of sharp's bytes."""
    if not installed(home):
        return
    out = home / "equal"
    out.mkdir()
    sources = [out / f"{number}.png" for number in range(len(photos))]
    for photo, source in zip(photos, sources, strict=True):
        _middle(photo).save(source, compress_level=1)
    command = ["node", home / "sharp_peer.mjs", "encode", out, *sources]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    for format_, scale in quality.SCALES.items():
        shares = []
        for number, source in enumerate(sources):
            peer = (out / f"{number}.{format_}").read_bytes()
            pixels = Image.open(source).convert("RGB")
            shares.append(_needed(pixels, format_, scale, _score(pixels, peer)) / len(peer))
            print("  ", format_, photos[number].name, f"{shares[-1]:.3f}", flush=True)
        print(f"{format_} at the score of sharp's defaults: {statistics.geometric_mean(shares):.3f}x of its bytes")


def _needed(pixels: Image.Image, format_: Format, scale: quality.Scale, wanted: float) -> float:
    """Bytes for that score: between the two numbers around it, in a straight line of their logarithms."""
    tried: list[tuple[float, float]] = []
    low, high = scale.lowest - 20, 98
    while high - low > 1 and not (tried and abs(tried[-1][0] - wanted) < WITHIN):
        number = (low + high) // 2
        buffer = BytesIO()
        encode.save(pixels, buffer, format_, Settings(avif=number, webp=number, jpeg=number))
        tried.append((_score(pixels, buffer.getvalue()), float(buffer.tell())))
        low, high = (number, high) if tried[-1][0] < wanted else (low, number)
    below = max((each for each in tried if each[0] <= wanted), default=tried[-1])
    above = min((each for each in tried if each[0] >= wanted), default=tried[-1])
    part = (wanted - below[0]) / (above[0] - below[0]) if above[0] > below[0] else 0.0
    return below[1] ** (1 - part) * above[1] ** part


def saved(photos: list[Path]) -> None:
    """AVIF at 960: bytes at the quality of each picture's own, and at the one that serves as many as well."""
    own = [_own(each) for each in photos]
    reached = sorted(score for _, score in own)[len(own) // 10]
    own_bytes = sum(size for size, _ in own)
    print(f"\n{len(own)} photographs at 960 in AVIF: nine in ten reach {reached:.1f} with {own_bytes / 1e3:.0f} kB")
    for fixed in FIXED:
        found = [_coded(_middle(each), Settings(avif=fixed)) for each in photos]
        if sorted(score for _, score in found)[len(found) // 10] >= reached:
            fixed_bytes = sum(size for size, _ in found)
            less = 1 - own_bytes / fixed_bytes
            print(f"quality {fixed} for all does it with {fixed_bytes / 1e3:.0f} kB: {less:.0%} saved")
            return


def _middle(photo: Path) -> Image.Image:
    return minify.middle(minify.canvases(picture.read(photo))).shown


def _own(photo: Path) -> tuple[int, float]:
    pixels = _middle(photo)
    return _coded(pixels, quality.chosen(pixels))


def _coded(pixels: Image.Image, settings: Settings) -> tuple[int, float]:
    buffer = BytesIO()
    encode.save(pixels, buffer, "avif", settings)
    return buffer.tell(), _score(pixels, buffer.getvalue())


def _score(pixels: Image.Image, coded: bytes) -> float:
    """SSIMULACRA 2 of a file against the pixels that it was made of."""
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415 # ty: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as folder:
        pixels.save(f"{folder}/source.png", compress_level=1)
        Image.open(BytesIO(coded)).convert("RGB").save(f"{folder}/coded.png", compress_level=1)
        return float(compute_ssimulacra2(f"{folder}/source.png", f"{folder}/coded.png"))


if __name__ == "__main__":
    main()
