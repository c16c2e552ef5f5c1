"""Archives that mean harm: refused in words, with nothing written."""

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sdc_core.errors import Invalid, SdcError, TooLarge
from sdc_web.imports import archives

Pack = Callable[..., Path]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Writes a zip of entries, by their names."""

    def made(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
        file = tmp_path / "a.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in entries:
                opened.writestr(name, content)
        return file

    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the archive is unpacked."""
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside"


def everything(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder.parent).as_posix() for file in folder.parent.rglob("*"))


def named(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


def test_an_archive_becomes_its_files(pack: Pack, folder: Path) -> None:
    archives.unpack(pack(("content/", b""), ("content/ä.md", b"Fog."), ("__MACOSX/x", b"no")), folder)
    assert everything(folder) == ["a.zip", "inside", "inside/content", "inside/content/ä.md"]
    assert (folder / "content" / "ä.md").read_bytes() == b"Fog."


@pytest.mark.parametrize(
    "name", ["../out.md", "a/../../out.md", "/etc/out.md", "..\\out.md", "c:/out.md", "C:out.md", "a/..", "a\\..\\b.md"]
)
def test_no_name_leads_outside(pack: Pack, folder: Path, name: str) -> None:
    with pytest.raises(Invalid, match="leads outside"):
        archives.unpack(pack(("good.md", b"x"), (name, b"x")), folder)
    assert everything(folder) == ["a.zip", "inside"]


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666, stat.S_IFIFO | 0o666])
def test_links_and_devices_are_refused(pack: Pack, folder: Path, mode: int) -> None:
    with pytest.raises(Invalid, match="a link or a device: good"):
        archives.unpack(pack(("a.md", b"x"), (named("good", mode), b"/etc/passwd")), folder)
    assert everything(folder) == ["a.zip", "inside"]


def test_a_bomb_is_refused_by_what_it_says(pack: Pack, folder: Path) -> None:
    bomb = pack(*((f"{number}.md", bytes(16 * 1024**2)) for number in range(8)))
    with pytest.raises(TooLarge, match="which no site does"):
        archives.unpack(bomb, folder)
    assert everything(folder) == ["a.zip", "inside"]


def test_an_entry_that_lies_about_its_size_is_cut_short(pack: Pack, folder: Path) -> None:
    file = pack(("a.md", b"x" * 100_000))
    raw = file.read_bytes()
    size = struct.pack("<L", 100_000)
    assert raw.count(size) == 2
    file.write_bytes(raw.replace(size, struct.pack("<L", 10)))
    with pytest.raises(SdcError, match=r"cannot be read|further than it says"):
        archives.unpack(file, folder)
    assert sum(each.stat().st_size for each in folder.rglob("*")) <= 10


def test_too_many_files_are_refused(pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    with pytest.raises(TooLarge, match="has 4 files; at most 3"):
        archives.unpack(pack(*((f"{number}.md", b"") for number in range(4))), folder)


def large(raw: bytes) -> bytes:
    """The same archive with the end that those of more than 4 GB have."""
    at = raw.rindex(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<HLL", raw, at + 10)
    end = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    small = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    return raw[:at] + end + locator + small


def one_said(raw: bytes) -> bytes:
    """The same archive, which says that it holds one file."""
    at = raw.rindex(b"PK\x05\x06")
    return raw[: at + 8] + struct.pack("<HH", 1, 1) + raw[at + 12 :]


def misleading(raw: bytes) -> bytes:
    """The same archive, in whose very end the beginning of one stands: what is looked for from behind finds that."""
    at = raw.rindex(b"PK\x05\x06")
    (offset,) = struct.unpack_from("<L", raw, at + 16)
    shift = int.from_bytes(b"PK\x05\x06", "little") - offset
    return raw[: at + 16] + struct.pack("<L", (offset + shift) & 0xFFFF_FFFF) + raw[at + 20 :]


@pytest.mark.parametrize("made", [bytes, large, one_said, misleading, lambda raw: large(one_said(raw))])
def test_names_are_counted_before_anything_is_made_of_them(
    pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[bytes], bytes]
) -> None:
    file = pack(*((f"{number}.md", b"") for number in range(4)))
    file.write_bytes(made(file.read_bytes()))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    monkeypatch.delattr(archives.zipfile, "ZipFile")
    with pytest.raises(TooLarge, match="has 4 files; at most 3"):
        archives.unpack(file, folder)


def test_a_list_of_names_without_measure_is_not_read(pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pack(*(("a" * 200 + str(number), b"") for number in range(4)))
    monkeypatch.setattr(archives, "MAX_LISTED_BYTES", 900)
    monkeypatch.delattr(archives.zipfile, "ZipFile")
    with pytest.raises(TooLarge, match="a list of names of 988 bytes; at most 900"):
        archives.unpack(file, folder)


def test_an_archive_with_the_end_of_large_ones_and_one_with_a_comment_are_read(pack: Pack, folder: Path) -> None:
    file = pack(("a.md", b"Fog."))
    file.write_bytes(large(file.read_bytes()))
    archives.unpack(file, folder)
    (folder / "a.md").unlink()
    with zipfile.ZipFile(pack(("a.md", b"Fog.")), "a") as opened:
        opened.comment = b"PK here and there" * 100
    archives.unpack(file, folder)
    assert (folder / "a.md").read_bytes() == b"Fog."


@pytest.mark.parametrize("names", [("a.md", "A.md"), ("caf\u00e9.md", "cafe\u0301.md")])
def test_names_that_some_disks_take_for_one_are_refused(pack: Pack, folder: Path, names: tuple[str, str]) -> None:
    with pytest.raises(Invalid, match="a file twice"):
        archives.unpack(pack(*((name, b"x") for name in names)), folder)


@pytest.mark.parametrize("name", ["a" * 300 + ".md", "/".join("a" * 40) + ".md", "b/" + "c" * 500])
def test_a_name_that_no_disk_holds_is_refused(pack: Pack, folder: Path, name: str) -> None:
    with pytest.raises(Invalid, match="too long"):
        archives.unpack(pack((name, b"x")), folder)


def test_a_file_where_a_folder_must_be_is_refused(pack: Pack, folder: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        archives.unpack(pack(("a", b"x"), ("a/b", b"x")), folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip", b"PK\x05\x06" + bytes(18) + b"x" * 70_000])
def test_what_is_no_archive_is_refused(tmp_path: Path, folder: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Invalid, match="cannot be read"):
        archives.unpack(tmp_path / "a.zip", folder)


def test_a_locked_archive_is_refused(pack: Pack, folder: Path) -> None:
    file = pack(("a.md", b"x"))
    raw = bytearray(file.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(raw)
    with pytest.raises(Invalid, match=r"locked by a password: a\.md"):
        archives.unpack(file, folder)


def test_a_stream_that_was_damaged_on_its_way_is_refused_in_words(pack: Pack, folder: Path) -> None:
    file = pack(("fog.md", bytes(range(256)) * 40))
    raw = bytearray(file.read_bytes())
    begins = 30 + len("fog.md")
    raw[begins : begins + 20] = b"\xff" * 20
    file.write_bytes(raw)
    with pytest.raises(Invalid, match="cannot be read"):
        archives.unpack(file, folder)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_may_ask_for_any_memory_to_unfold_is_refused(tmp_path: Path, folder: Path, packed: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", packed) as opened:
        opened.writestr("a.md", "x" * 1_000)
    with pytest.raises(Invalid, match=r"packed in a way that is not read here: a\.md"):
        archives.unpack(tmp_path / "a.zip", folder)


def test_a_name_that_is_no_text_is_refused_in_words(pack: Pack, folder: Path) -> None:
    file = pack(("\u00e4.md", b"x"))
    file.write_bytes(file.read_bytes().replace("\u00e4".encode(), b"\xff\xfe"))
    with pytest.raises(Invalid, match="cannot be read"):
        archives.unpack(file, folder)
