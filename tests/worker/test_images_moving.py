import tempfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from sdc_core.variants import Manifest
from sdc_worker.images import moving
from sdc_worker.images.color import DISPLAY_P3
from sdc_worker.images.minify import minify

FRAMES = 4


def frames(count: int = FRAMES, size: tuple[int, int] = (160, 90)) -> list[Image.Image]:
    """A ball that crosses a field."""
    drawn = []
    for step in range(count):
        frame = Image.new("RGB", size, "darkgreen")
        ImageDraw.Draw(frame).ellipse((step * 20, 30, step * 20 + 30, 60), fill="white")
        drawn.append(frame)
    return drawn


def gif(path: Path, **options: object) -> Path:
    """The ball as a GIF."""
    first, *others = frames()
    first.save(path, "GIF", save_all=True, append_images=others, **({"duration": 80, "loop": 0} | options))
    return path


def made(original: Path) -> tuple[Manifest, Path]:
    """What is made of a file, and the folder where it is."""
    folder = Path(tempfile.mkdtemp(dir=original.parent))
    return minify(original, folder), folder


def test_every_frame_moves_in_a_webp_and_smaller_than_before(tmp_path: Path) -> None:
    original = gif(tmp_path / "ball.gif")
    manifest, folder = made(original)
    webp = manifest.moving[-1]
    with Image.open(folder / webp.name) as image:
        assert (image.format, image.n_frames) == ("WEBP", FRAMES)  # ty: ignore[missing-attribute]
    assert 0 < webp.size_bytes < original.stat().st_size


def test_an_avif_that_is_smaller_comes_first(tmp_path: Path) -> None:
    grain = [Image.effect_noise((16, 9), 60).resize((320, 180), Image.Resampling.BICUBIC) for _ in range(2)]
    grain[0].save(tmp_path / "soft.gif", save_all=True, append_images=grain[1:], duration=80, loop=0)
    manifest, folder = made(tmp_path / "soft.gif")
    assert [each.format for each in manifest.moving] == ["avif", "webp"]
    assert {each.name for each in manifest.files} == {each.name for each in folder.iterdir()}


def test_the_still_picture_stays_beside_what_moves(tmp_path: Path) -> None:
    manifest, _ = made(gif(tmp_path / "ball.gif"))
    assert manifest.animated
    assert {each.width for each in manifest.variants} == {160}


@pytest.mark.parametrize(("said", "shown"), [(None, 1), (0, 0), (2, 3)])
def test_a_gif_is_repeated_as_browsers_repeat_it(tmp_path: Path, said: int | None, shown: int) -> None:
    manifest, folder = made(gif(tmp_path / "ball.gif", loop=said))
    with Image.open(folder / manifest.moving[-1].name) as image:
        assert image.info["loop"] == shown


def test_a_frame_that_is_shorter_than_browsers_believe_lasts_as_they_show_it(tmp_path: Path) -> None:
    reel = moving._read(gif(tmp_path / "ball.gif", duration=10))
    assert reel
    assert reel.durations_ms == [moving.USUAL_MS] * FRAMES


def test_what_is_transparent_stays_so(tmp_path: Path) -> None:
    balls = [Image.new("RGBA", (64, 64)) for _ in range(2)]
    for step, ball in enumerate(balls):
        ImageDraw.Draw(ball).ellipse((10 + step, 10, 40 + step, 40), fill="red")
    balls[0].save(tmp_path / "balls.webp", save_all=True, append_images=balls[1:], duration=90)
    manifest, folder = made(tmp_path / "balls.webp")
    with Image.open(folder / manifest.moving[-1].name) as image:
        assert image.convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0)


@pytest.mark.parametrize(("orientation", "profile"), [(6, b""), (1, DISPLAY_P3)])
def test_what_moves_is_as_upright_and_as_colourful_as_its_first_frame(
    tmp_path: Path, orientation: int, profile: bytes
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    halves = [Image.new("RGB", (160, 90), (20, 200, 40)) for _ in range(2)]
    for step, half in enumerate(halves):
        half.paste((30, 40, 190), (0, 0, 80, 90))
        half.putpixel((0, 0), (step, 0, 0))
    halves[0].save(
        tmp_path / "halves.webp", save_all=True, append_images=halves[1:], lossless=True, exif=exif, icc_profile=profile
    )
    manifest, folder = made(tmp_path / "halves.webp")
    still, moves = [
        Image.open(folder / each.name).convert("RGB")
        for each in (manifest.moving[-1], next(each for each in manifest.variants if each.format == "webp"))
    ]
    assert still.size == moves.size == (manifest.width, manifest.height)
    for part in (0.25, 0.75):
        at = (round(still.width * part), round(still.height * part))
        colors = [
            each.resize((1, 1), box=(at[0] - 9, at[1] - 9, at[0] + 9, at[1] + 9)).tobytes() for each in (still, moves)
        ]
        assert max(abs(one - other) for one, other in zip(*colors, strict=True)) <= 6


def test_an_animation_that_is_too_long_is_a_still_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "MAX_FRAMES", FRAMES - 1)
    manifest, _ = made(gif(tmp_path / "ball.gif"))
    assert (manifest.animated, manifest.moving) == (True, ())


def test_one_that_is_too_large_to_keep_is_shown_smaller() -> None:
    assert moving._size((1440, 900), 100) == (960, 600)
    assert moving._size((1440, 900), 600) is None


def test_one_that_is_damaged_further_on_is_a_still_picture(tmp_path: Path) -> None:
    original = gif(tmp_path / "ball.gif")
    whole = original.read_bytes()
    original.write_bytes(whole[: len(whole) * 2 // 3])
    manifest, _ = made(original)
    assert [each.width for each in manifest.variants][:1] == [160]
