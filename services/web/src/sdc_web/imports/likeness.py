"""Whether what is to be imported is there already: files by their bytes, texts by their words."""

import hashlib
from pathlib import Path

from sdc_web.posts.records import Draft, ProjectFacts, Revision
from sdc_web.texts import characters


def sha256(file: Path) -> str:
    """Of the bytes of a file, in hexadecimal. Blocking."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def same(revision: Revision, draft: Draft) -> bool:
    """Whether it holds these words already; `revisions.put` has cleaned them."""
    # A cover may have been chosen since, where the file names none.
    if draft.cover_asset_id not in (None, revision.cover_asset_id):
        return False
    return (
        _words(revision) == _words(draft)
        and {*revision.tags} == {*draft.tags}
        and (revision.project or ProjectFacts()) == (draft.project or ProjectFacts())
    )


def _words(saved: Revision | Draft) -> list[str]:
    """Cleaned; spaces in the body do not count."""
    lines = (saved.title, saved.summary, saved.series, saved.language, saved.translation_key, saved.canonical_url)
    return [*map(characters.line, lines), *characters.allowed(saved.body).split()]
