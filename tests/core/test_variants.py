import msgspec
import pytest
from sdc_core import keys, variants
from sdc_core.variants import Manifest, StoredVariant


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (6000, (480, 960, 1440, 1920)),
        (1921, (480, 960, 1440, 1920)),
        (1920, (480, 960, 1440, 1920)),
        (1919, (480, 960, 1440, 1919)),
        (481, (480, 481)),
        (480, (480,)),
        (1, (1,)),
    ],
)
def test_no_variant_is_wider_than_its_source(source: int, expected: tuple[int, ...]) -> None:
    assert variants.widths(source) == expected


def test_every_width_comes_in_every_format_in_order() -> None:
    planned = variants.plan(1000, 500, ("avif", "jpeg"))
    assert [each.name for each in planned] == ["480.avif", "480.jpg", "960.avif", "960.jpg", "1000.avif", "1000.jpg"]


def test_a_variant_keeps_the_shape_of_its_source() -> None:
    assert {(each.width, each.height) for each in variants.plan(4000, 3000, ("webp",))} == {
        (480, 360),
        (960, 720),
        (1440, 1080),
        (1920, 1440),
    }


def test_a_very_flat_picture_keeps_one_row() -> None:
    assert min(each.height for each in variants.plan(6000, 1, ("png",))) == 1


def test_every_format_has_a_suffix_and_a_media_type() -> None:
    assert variants.EXTENSIONS.keys() == variants.CONTENT_TYPES.keys()


def test_a_manifest_survives_the_way_through_json() -> None:
    stored = StoredVariant(name="480.avif", width=480, height=360, format="avif", size_bytes=9_000)
    manifest = Manifest(
        recipe=variants.RECIPE,
        width=4000,
        height=3000,
        placeholder="data:image/webp;base64,",
        color="#102030",
        variants=(stored,),
    )
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


def test_object_keys_are_those_of_the_contract() -> None:
    assert [
        keys.original("A"),
        keys.variant("A", "r1", "480.avif"),
        keys.manifest("A"),
        keys.segment("2026-11-24", "01"),
        keys.replica("site"),
    ] == [
        "originals/A",
        "variants/A/r1/480.avif",
        "variants/A/manifest.json",
        "hits/day=2026-11-24/01.parquet",
        "litestream/site",
    ]
