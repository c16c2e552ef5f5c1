"""Folders that an import works in."""

from pathlib import Path

from sdc_web.imports import scratch


async def test_what_a_killed_import_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "sdc-import-killed"
    left.mkdir()
    (left / "post.md").write_text("left")
    async with scratch.empty(tmp_path) as folder:
        assert _inside(tmp_path) == [folder]
    assert _inside(tmp_path) == []


async def test_an_import_leaves_the_folder_of_another_alone(tmp_path: Path) -> None:
    async with scratch.empty(tmp_path) as first:
        (first / "post.md").write_text("in use")
        async with scratch.empty(tmp_path) as second:
            assert second != first
            assert (first / "post.md").read_text() == "in use"
        assert first.is_dir()


async def test_files_and_links_of_such_a_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sdc-import-notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("mine")
    (tmp_path / "sdc-import-link").symlink_to(elsewhere)
    async with scratch.empty(tmp_path):
        assert (tmp_path / "sdc-import-notes.txt").is_file()
        assert (elsewhere / "kept").is_file()


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())
