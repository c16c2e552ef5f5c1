"""`sdc import` of what somebody wrote who wished it ill: one text is told of and left out, and the others come in."""

import json
from pathlib import Path

import pytest
from sdc_cli.importing import Wish, run
from sdc_core.settings import Settings

FIELDS = (
    "title", "slug", "summary", "description", "tags", "categories", "category", "keywords", "series", "series_order",
    "weight", "date", "publishDate", "expiryDate", "lastmod", "lang", "translationKey", "canonicalURL", "cover",
    "images", "aliases", "redirect_from", "permalink", "url", "draft", "noindex", "kind", "type", "layout",
    "repository", "status", "section", "links", "pictures", "headless", "build", "params", "author",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    "\ud800", "\0", "\ue009", "9" * 5_000, "Fri, 08 Jul 2022 10:00:00 +9999999999999999999999999", "../../etc/passwd",
    "x" * 100_000, "https://[::1", "\u202e", "9999-12-31T23:59:59-23:59", 1e400, True, {"a": {"b": []}}, ["\ud800"],
    [{"url": "\ud800", "label": "\0"}],
)  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("configuration", ["hugo.toml", "_config.yml"])
async def test_a_text_that_means_ill_keeps_no_other_one_from_coming(
    settings: Settings, tmp_path: Path, configuration: str
) -> None:
    folder = tmp_path / "old" / {"hugo.toml": "content", "_config.yml": "_posts"}[configuration]
    folder.mkdir(parents=True)
    (tmp_path / "old" / configuration).touch()
    for number, (field, value) in enumerate((field, value) for field in FIELDS for value in VALUES):
        fields = {"title": f"Text {number}", field: value}
        (folder / f"2024-01-02-a{number:04}.md").write_text(f"{json.dumps(fields, indent=1)}\nFog.")
    (folder / "2024-01-02-zzz.md").write_text("---\ntitle: Last\n---\nFog.")
    lines = await run(settings, Wish(path=tmp_path / "old"))
    assert len(lines) >= len(FIELDS) * len(VALUES) + 1
    assert lines[-1].outcome == "published"
