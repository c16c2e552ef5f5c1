import io
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from sdc_worker.images import color, encode, quality
from sdc_worker.images.encode import Settings
from sdc_worker.images.likeness import unlikeness
from sdc_worker.images.minify import minify


def clouds(grain: int, strength: float = 80) -> Image.Image:
    """A soft picture; the smaller its grain the harder it is to encode."""
    size = (960, 400)
    small = (size[0] // grain, size[1] // grain)
    bands = [Image.effect_noise(small, strength).resize(size, Image.Resampling.BICUBIC) for _ in range(3)]
    return Image.merge("RGB", bands)


def coded(pixels: Image.Image, settings: Settings) -> Image.Image:
    """The same picture after an encoder."""
    buffer = io.BytesIO()
    encode.save(pixels, buffer, "webp", settings)
    return Image.open(buffer).convert("RGB")


def test_a_picture_is_like_itself() -> None:
    assert unlikeness(clouds(8), clouds(8).copy()) > 0.1
    same = clouds(8)
    assert unlikeness(same, same.copy()) == pytest.approx(0, abs=1e-6)


def test_less_quality_is_less_like() -> None:
    pixels = clouds(4)
    lost = [unlikeness(pixels, coded(pixels, Settings(webp=each))) for each in (90, 70, 50)]
    assert lost == sorted(lost)


def test_a_tiny_picture_can_be_compared() -> None:
    assert unlikeness(Image.new("RGB", (3, 1), "red"), Image.new("RGB", (3, 1), "red")) == pytest.approx(0, abs=1e-6)


def test_a_soft_picture_is_given_less_than_a_rough_one() -> None:
    soft, rough = quality.chosen(clouds(32, 30)), quality.chosen(clouds(2, 30))
    assert (soft.avif, soft.webp, soft.jpeg) < (rough.avif, rough.webp, rough.jpeg)


def test_a_higher_aim_asks_for_more() -> None:
    pixels = clouds(4)
    low, high = quality.chosen(pixels, 60), quality.chosen(pixels, 85)
    assert (low.avif, low.webp, low.jpeg) < (high.avif, high.webp, high.jpeg)


def test_no_picture_is_given_more_or_less_than_may_be() -> None:
    for grain in (1, 64):
        settings = quality.chosen(clouds(grain))
        for format_, scale in quality.SCALES.items():
            assert scale.lowest <= getattr(settings, format_) <= scale.highest


def test_of_a_high_picture_strips_from_all_of_it_are_looked_at() -> None:
    high = Image.linear_gradient("L").resize((960, 3000)).convert("RGB")
    sample = quality._sample(high)
    assert sample.size == (960, quality.STRIPS * quality.STRIP_ROWS)
    assert sample.getextrema()[0][1] - sample.getextrema()[0][0] > 150  # ty: ignore[not-subscriptable]


def test_the_own_profile_is_one_that_others_read() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(color.DISPLAY_P3))
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"


def test_colours_that_srgb_lacks_are_kept_in_avif_alone(tmp_path: Path) -> None:
    red, *_ = clouds(8).split()
    vivid = Image.merge("RGB", [red, *[Image.new("L", red.size)] * 2])
    vivid.save(tmp_path / "vivid.jpg", quality=95, icc_profile=color.DISPLAY_P3)
    manifest = minify(tmp_path / "vivid.jpg", tmp_path)
    profiles = {}
    for each in manifest.variants:
        with Image.open(tmp_path / each.name) as image:
            profiles[each.format] = image.info.get("icc_profile")
    assert profiles.pop("avif") == color.DISPLAY_P3
    assert set(profiles.values()) == {None}


def test_a_profile_whose_colours_srgb_has_as_well_is_not_kept() -> None:
    assert color.to_p3(Image.new("RGB", (64, 64), (120, 110, 100)), color.DISPLAY_P3) is None


def test_a_profile_may_be_garbage() -> None:
    gray = Image.new("RGB", (8, 8), "gray")
    assert color.to_p3(gray, b"nonsense") is None
    assert color.to_srgb(gray, b"nonsense").tobytes() == gray.tobytes()
