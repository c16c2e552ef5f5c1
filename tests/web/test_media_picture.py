import msgspec
from sdc_core.variants import EXTENSIONS, Format, Manifest, StoredVariant
from sdc_web.media import Asset, picture

ASSET_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def _variant(width: int, format_: Format) -> StoredVariant:
    name = f"{width}.{EXTENSIONS[format_]}"
    return StoredVariant(name=name, width=width, height=width // 2, format=format_, size_bytes=9)


def _manifest(*formats: Format) -> Manifest:
    return Manifest(
        recipe="r1",
        width=1440,
        height=720,
        placeholder="data:image/webp;base64,AAAA",
        color="#aabbcc",
        variants=tuple(_variant(width, format_) for width in (960, 480, 1440) for format_ in formats),
    )


def _asset(manifest: Manifest | None = None, alt: str = "A field") -> Asset:
    return Asset(
        id=ASSET_ID,
        sha256="0" * 64,
        file_name="a.jpg",
        content_type="image/jpeg",
        size_bytes=9,
        alt=alt,
        state="ready" if manifest else "pending",
        reason="",
        manifest_json=msgspec.json.encode(manifest).decode() if manifest else None,
        uploaded_at_us=0,
        author_id=None,
    )


def test_a_picture_offers_avif_then_webp_then_what_all_browsers_know() -> None:
    manifest = _manifest("avif", "webp", "jpeg")
    html = picture.render(_asset(manifest), manifest)
    avif, webp, jpeg = (html.index(part) for part in ('type="image/avif"', 'type="image/webp"', "960.jpg"))
    assert avif < webp < jpeg


def test_widths_ascend_and_each_has_its_own_address() -> None:
    manifest = _manifest("avif", "jpeg")
    html = picture.render(_asset(manifest), manifest)
    expected = ", ".join(f"/media/{ASSET_ID}/{width}.avif?r=r1 {width}w" for width in (480, 960, 1440))
    assert f'srcset="{expected}"' in html


def test_a_picture_has_size_text_and_waits_until_it_is_near() -> None:
    manifest = _manifest("jpeg")
    html = picture.render(_asset(manifest), manifest)
    assert 'alt="A field" width="1440" height="720" loading="lazy"' in html


def test_an_eager_picture_does_not_wait() -> None:
    manifest = _manifest("jpeg")
    html = picture.render(_asset(manifest), manifest, eager=True)
    assert 'fetchpriority="high"' in html
    assert "lazy" not in html


def test_nothing_lies_beneath_a_transparent_picture() -> None:
    manifest = _manifest("webp", "png")
    assert "picture-placeholder" not in picture.render(_asset(manifest), manifest)


def test_a_pending_asset_is_an_empty_frame_with_its_text() -> None:
    html = picture.render(_asset(), None)
    assert 'alt="A field"' in html
    assert "/media/" not in html


def test_text_of_the_author_is_escaped() -> None:
    html = picture.render(_asset(alt='"><script>alert(1)</script>'), None)
    assert "<script>" not in html


def test_pictures_take_their_place_in_a_text() -> None:
    manifest = _manifest("jpeg")
    html = picture.embed(f'<p><img src="media:{ASSET_ID}" alt="Mine"></p>', {ASSET_ID: _asset(manifest)})
    assert html.startswith('<p><span class="picture">')
    assert 'alt="Mine"' in html


def test_a_picture_that_is_gone_leaves_its_text() -> None:
    assert picture.embed(f'<p><img src="media:{ASSET_ID}" alt="A &lt;b&gt;"></p>', {}) == "<p>A &lt;b&gt;</p>"


def test_a_malformed_reference_leaves_nothing() -> None:
    assert picture.embed('<p><img src="media:../x" alt="x"></p>', {}) == "<p></p>"


def test_pictures_from_elsewhere_stay_as_they_are() -> None:
    html = '<p><img src="https://example.org/x.png" alt="x"></p>'
    assert picture.embed(html, {}) == html


def test_a_feed_gets_one_plain_picture_with_a_whole_address() -> None:
    manifest = _manifest("avif", "jpeg")
    html = picture.embed(
        f'<img src="media:{ASSET_ID}" alt="">', {ASSET_ID: _asset(manifest)}, absolute="https://example.org"
    )
    assert html == (
        f'<img src="https://example.org/media/{ASSET_ID}/960.jpg?r=r1" alt="A field" width="960" height="480">'
    )


def test_every_asset_that_a_text_shows_is_named() -> None:
    assert picture.mentioned(f'<img src="media:{ASSET_ID}" alt=""><img src="media:short" alt="">') == {ASSET_ID}
