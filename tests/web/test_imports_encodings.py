"""Exports as editors and other systems leave them: with a mark at their beginning, or two bytes a letter."""

import json
from pathlib import Path

import pytest
from sdc_core.errors import Invalid
from sdc_web.imports import byte_marks, ghost, wordpress, wxr

WXR = """<?xml version="1.0" encoding="%s"?>
<!-- generator="WordPress/6.1.9" http://wordpress.org/export/1.2/ -->
<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="x"><channel>
<link>http://old.example</link><wp:wxr_version>1.2</wp:wxr_version>
<item><title>N\u00e9bel \U0001f32b</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type>
<wp:status>publish</wp:status><wp:post_date_gmt>2024-03-05 17:30:00</wp:post_date_gmt>
<wp:post_name>fog</wp:post_name><content:encoded>Gr\u00fc\u00dfe.\x0b</content:encoded></item></channel></rss>"""
POST = {"id": 1, "title": "N\u00e9bel", "slug": "fog", "status": "published", "html": "<p>Gr\u00fc\u00dfe.</p>"}
GHOST = json.dumps({"db": [{"meta": {"exported_on": 1}, "data": {"posts": [POST]}}]}, ensure_ascii=False)
MARKED = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", MARKED)
def test_an_export_of_wordpress_is_read_whatever_it_is_written_in(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "site.xml"
    file.write_bytes((WXR % encoding.removesuffix("-sig")).encode(encoding))
    assert wxr.is_one(file)
    source = wordpress.source(file, tmp_path, tmp_path)
    (name,) = source.names
    draft = source.read(name).draft
    assert (draft.title, draft.body) == ("N\u00e9bel \U0001f32b", "Gr\u00fc\u00dfe.\n")


@pytest.mark.parametrize("encoding", MARKED)
def test_an_export_of_ghost_is_read_whatever_it_is_written_in(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "ghost.json"
    file.write_bytes(GHOST.encode(encoding))
    assert ghost.is_one(file)
    draft = ghost.source(file, tmp_path, tmp_path).read("posts/fog").draft
    assert (draft.title, draft.body) == ("N\u00e9bel", "Gr\u00fc\u00dfe.\n")


def test_a_letter_that_two_pieces_share_is_one(tmp_path: Path) -> None:
    file = tmp_path / "a"
    text = "a" + "\U0001f32b" * byte_marks.PIECE_BYTES
    file.write_bytes(text.encode("utf-16"))
    assert b"".join(byte_marks.pieces(file)).decode() == text


@pytest.mark.parametrize("cut", [1, 3])
def test_half_a_letter_at_the_end_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "site.xml"
    file.write_bytes((WXR % "utf-16" + "\U0001f32b").encode("utf-16")[:-cut])
    with pytest.raises(Invalid, match=r"site\.xml cannot be read"):
        wordpress.source(file, tmp_path, tmp_path)
    file = tmp_path / "ghost.json"
    file.write_bytes((GHOST + "\U0001f32b").encode("utf-16")[:-cut])
    with pytest.raises(Invalid, match=r"ghost\.json is no export of Ghost"):
        ghost.source(file, tmp_path, tmp_path)
