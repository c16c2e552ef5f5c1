import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw
from sdc_core.errors import Invalid
from sdc_core.variants import FIRST_RECIPE, Format, Manifest
from sdc_worker.images import encode, picture
from sdc_worker.images.color import DISPLAY_P3
from sdc_worker.images.encode import Settings
from sdc_worker.images.minify import first, minify

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def photograph(width: int, height: int) -> Image.Image:
    """Soft clouds of colour, which the encoders treat as they treat a photograph."""
    grain = (width // 16 + 1, height // 16 + 1)
    bands = [Image.effect_noise(grain, 80).resize((width, height), Image.Resampling.BICUBIC) for _ in range(3)]
    return Image.merge("RGB", bands)


def made(tmp_path: Path, picture_: Image.Image, name: str, **options: object) -> tuple[Manifest, Path]:
    """The manifest of a picture saved with those options, and the folder of its variants."""
    picture_.save(tmp_path / name, None, **options)
    return made_of(tmp_path, (tmp_path / name).read_bytes())


def made_of(tmp_path: Path, original: bytes) -> tuple[Manifest, Path]:
    """The manifest of those bytes, and the folder of the variants."""
    folder = tmp_path / "variants"
    folder.mkdir()
    (tmp_path / "original").write_bytes(original)
    return minify(tmp_path / "original", folder), folder


def refusal(tmp_path: Path, original: bytes) -> str:
    """The sentence with which those bytes are refused."""
    with pytest.raises(Invalid) as refused:
        made_of(tmp_path, original)
    return str(refused.value)


def png(width: int, height: int, *, rows: bytes = b"") -> bytes:
    """A PNG that claims a size and holds those rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_what_the_file_tells_beside_the_picture_is_named(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "A camera with a serial number"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:28 18:00:00"
    told, _ = made(tmp_path, photograph(60, 40), "a.jpg", exif=exif, comment=b"secret")
    assert told.dropped == ("camera", "comment", "moment", "place")


def test_of_a_silent_file_nothing_is_named(tmp_path: Path) -> None:
    manifest, _ = made(tmp_path, photograph(60, 40), "b.jpg")
    assert manifest.dropped == ()


def test_an_exif_block_that_is_broken_costs_nothing(tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40
    manifest, _ = made(tmp_path, photograph(60, 40), "a.jpg", exif=broken)
    assert manifest.dropped == ()


def test_a_photograph_becomes_three_formats_at_each_width(tmp_path: Path) -> None:
    manifest, _ = made(tmp_path, photograph(600, 400), "photo.jpg", quality=92)
    names = [variant.name for variant in manifest.variants]
    assert names == ["480.avif", "480.webp", "480.jpg", "600.avif", "600.webp", "600.jpg"]


def test_the_manifest_tells_the_true_length_of_each_file(tmp_path: Path) -> None:
    manifest, folder = made(tmp_path, photograph(300, 200), "photo.jpg")
    assert {each.name: each.size_bytes for each in manifest.variants} == {
        file.name: file.stat().st_size for file in folder.iterdir()
    }


def test_a_picture_taken_on_its_side_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    manifest, folder = made(tmp_path, photograph(300, 200), "photo.jpg", exif=exif)
    with Image.open(folder / "200.jpg") as variant:
        assert (manifest.width, manifest.height, variant.size) == (200, 300, (200, 300))


def test_a_senseless_orientation_does_not_cost_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    manifest, _ = made(tmp_path, photograph(300, 200), "photo.jpg", exif=exif)
    assert (manifest.width, manifest.height) == (300, 200)


def test_the_place_where_it_was_taken_is_in_no_variant(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret garden"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    _, folder = made(tmp_path, photograph(300, 200), "photo.jpg", exif=exif, comment=b"a secret garden")
    for file in folder.iterdir():
        with Image.open(file) as variant:
            assert not variant.getexif()
        assert b"secret" not in file.read_bytes()


def test_transparency_survives_and_has_no_placeholder_to_shine_through(tmp_path: Path) -> None:
    drawing = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    ImageDraw.Draw(drawing).ellipse((50, 20, 250, 180), fill=(200, 30, 30, 128))
    manifest, folder = made(tmp_path, drawing, "drawing.png")
    with Image.open(folder / "300.webp") as variant:
        alpha = variant.convert("RGBA").getpixel((150, 100))
    assert (alpha, manifest.placeholder, manifest.color) == ((200, 30, 30, 128), "", "")


def test_an_alpha_channel_that_hides_nothing_makes_no_png_of_a_photograph(tmp_path: Path) -> None:
    opaque = photograph(300, 200)
    opaque.putalpha(255)
    manifest, _ = made(tmp_path, opaque, "photo.png")
    assert {variant.format for variant in manifest.variants} == {"avif", "webp", "jpeg"}


def test_a_graphic_keeps_every_pixel_in_webp_and_png(tmp_path: Path) -> None:
    graphic = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(graphic).text((20, 20), "Sharp letters", fill="navy")
    _, folder = made(tmp_path, graphic, "graphic.png")
    for name in ("300.webp", "300.png"):
        with Image.open(folder / name) as variant:
            assert variant.convert("RGB").tobytes() == graphic.tobytes()


def test_a_print_picture_becomes_rgb(tmp_path: Path) -> None:
    _, folder = made(tmp_path, Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "print.jpg")
    with Image.open(folder / "64.jpg") as variant:
        red, green, blue = variant.convert("RGB").getpixel((30, 30))  # ty: ignore[not-iterable]
    assert red > 200 and green < 60 and blue < 60  # noqa: PT018 - one colour


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    manifest, _ = made(tmp_path, Image.new("I;16", (64, 64), 0x8000), "deep.png")
    assert manifest.color == "#7f7f7f"


def test_a_profile_of_the_wrong_kind_does_not_cost_the_picture(tmp_path: Path) -> None:
    manifest, _ = made(tmp_path, photograph(64, 64), "photo.jpg", icc_profile=PROFILE)
    assert manifest.width == 64


def test_a_grey_picture_is_as_bright_as_its_profile_says(tmp_path: Path) -> None:
    linear = b"curv" + bytes(8)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54060)
    table = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 12)
    head = struct.pack(">I4sI4s4s4s12s4s", 188, bytes(4), 0x04000000, b"mntr", b"GRAY", b"XYZ ", bytes(12), b"acsp")
    profile = (head + bytes(28) + white[8:]).ljust(128, b"\0") + table + white + linear
    manifest, _ = made(tmp_path, Image.new("L", (64, 64), 128), "grey.png", icc_profile=profile)
    # The curve of sRGB makes 188 of half the light.
    assert manifest.color == "#bcbcbc"


@pytest.mark.parametrize(("lossless", "drawn"), [(True, True), (False, False)])
def test_a_webp_without_loss_is_known_behind_a_long_profile(tmp_path: Path, *, lossless: bool, drawn: bool) -> None:
    Image.new("RGB", (64, 64), "navy").save(
        tmp_path / "flat.webp", lossless=lossless, icc_profile=DISPLAY_P3 + bytes(501)
    )
    assert picture.read(tmp_path / "flat.webp").drawn is drawn


def test_only_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    manifest, _ = made_of(tmp_path, (tmp_path / "moving.gif").read_bytes())
    assert (manifest.color, manifest.animated) == ("#ff0000", True)


@pytest.mark.parametrize("name", ["still.gif", "still.png", "still.webp", "still.jpg"])
def test_a_still_picture_is_no_animation(tmp_path: Path, name: str) -> None:
    manifest, _ = made(tmp_path, Image.new("RGB", (64, 64), "red"), name)
    assert not manifest.animated


def test_a_tall_screenshot_has_no_format_that_nothing_could_open(tmp_path: Path) -> None:
    manifest, _ = made(tmp_path, Image.new("RGB", (2, 17_000), "white"), "tall.png")
    assert [variant.name for variant in manifest.variants] == ["2.png"]


def test_a_side_that_no_format_but_one_can_have_is_told_in_that(tmp_path: Path) -> None:
    noise = Image.effect_noise((2, 65_535), 60).convert("RGB")
    manifest, _ = made(tmp_path, noise, "tallest.png")
    assert [variant.name for variant in manifest.variants] == ["2.png"]
    assert [variant.name for variant in first(tmp_path / "tallest.png", tmp_path).variants] == ["2.png"]


@pytest.mark.parametrize(("height", "drawn", "fit"), [(5_200, True, True), (5_300, True, False), (5_300, False, True),
    (10_400, False, True), (10_500, False, False)])  # fmt: skip
def test_a_picture_for_which_the_memory_would_not_do_has_no_avif(height: int, *, drawn: bool, fit: bool) -> None:
    assert encode.takes("avif", (1920, height), drawn=drawn) is fit
    assert encode.takes("webp", (1920, height), drawn=drawn)


def test_a_format_whose_encoder_fails_over_the_largest_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = encode.save

    def failing(
        pixels: Image.Image, target: Path | io.BytesIO, format_: Format, *rest: Settings, **more: bytes
    ) -> None:
        save(pixels, target, format_, *rest, **more)
        if format_ == "avif" and pixels.width == 480:
            message = "Encoding of color planes failed: Out of memory"
            raise RuntimeError(message)

    monkeypatch.setattr(encode, "save", failing)
    drawing = Image.new("RGB", (600, 400), "white")
    manifest, folder = made(tmp_path, drawing, "drawing.png")
    assert {variant.format for variant in manifest.variants} <= {"webp", "png"}
    assert not list(folder.glob("*.avif"))


def test_a_plain_picture_has_no_avif_and_does_not_move(tmp_path: Path) -> None:
    frames = [photograph(600, 400) for _ in range(2)]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:])
    (tmp_path / "variants").mkdir()
    manifest = minify(tmp_path / "moving.webp", tmp_path / "variants", plain=True)
    assert {variant.format for variant in manifest.files} == {"webp", "jpeg"}
    assert (manifest.animated, manifest.moving) == (True, ())


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    photograph(300, 200).save(whole, "JPEG")
    assert "damaged or cut short" in refusal(tmp_path, whole.getvalue()[:-3000])


def test_a_bomb_is_refused_by_its_claim_alone(tmp_path: Path) -> None:
    assert "megapixels" in refusal(tmp_path, png(30_000, 30_000))


def test_what_is_no_picture_is_refused_in_words(tmp_path: Path) -> None:
    sentence = "cannot read this picture: it is not a JPEG, PNG, WebP, GIF or AVIF"
    assert refusal(tmp_path, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n") == sentence


def test_a_large_jpeg_is_decoded_no_smaller_than_twice_the_widest_variant(tmp_path: Path) -> None:
    Image.new("L", (8000, 400)).save(tmp_path / "wide.jpg")
    read = picture.read(tmp_path / "wide.jpg")
    assert (read.width, read.pixels.width) == (8000, 4000)


def test_a_first_size_is_one_file_and_tells_the_true_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph(3000, 2000).save(tmp_path / "photo.jpg", exif=exif)
    manifest = first(tmp_path / "photo.jpg", tmp_path)
    assert (manifest.width, manifest.height, manifest.recipe) == (2000, 3000, FIRST_RECIPE)
    assert [(each.name, each.width, each.height) for each in manifest.variants] == [("960.jpg", 960, 1440)]


def test_a_first_size_of_what_is_transparent_stays_so(tmp_path: Path) -> None:
    Image.new("RGBA", (30, 20)).save(tmp_path / "clear.png")
    manifest = first(tmp_path / "clear.png", tmp_path)
    assert ([each.name for each in manifest.variants], manifest.color) == (["30.png"], "")
