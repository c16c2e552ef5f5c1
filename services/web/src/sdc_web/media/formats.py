"""What an upload is, told from its first bytes: a picture, something that browsers play, or a file to be fetched."""

from pathlib import PurePath
from typing import NamedTuple

from sdc_core.errors import Invalid

from sdc_web.media.assets import AssetKind

HEAD_BYTES = 64
UNKNOWN = "application/octet-stream"
PDF = "application/pdf"

_PICTURES = frozenset(
    {
        "3fr", "ai", "arw", "avif", "bmp", "cr2", "cr3", "dng", "eps", "gif", "heic", "heics", "heif", "hif", "ico",
        "iiq", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpf", "jpg", "jpx", "jxl", "jxr", "mpo", "nef", "nrw", "orf",
        "pef", "png", "psd", "raf", "rw2", "rwl", "srw", "svg", "svgz", "tga", "tif", "tiff", "webp", "x3f", "xcf",
    }
)  # fmt: skip
"""Endings of pictures: whose bytes are none that browsers show would be taken for one by everybody."""
_UNSHOWN = (
    *(b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"FUJIFILMCCD-RAW", b"FOVb", b"8BPS"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\0\0\0\x0cJXL ", b"\xff\x0a"),
)
"""How pictures begin that browsers do not show: TIFF and the raw files of cameras, which tell where they were taken,
JPEG 2000 and XL, and others.
"""
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"crx "})
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_OFFICE = "application/vnd.oasis.opendocument"
_BY_ENDING = {
    "3mf": "model/3mf",
    "csv": "text/csv",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "epub": "application/epub+zip",
    "json": "application/json",
    "odp": f"{_OPEN_OFFICE}.presentation",
    "ods": f"{_OPEN_OFFICE}.spreadsheet",
    "odt": f"{_OPEN_OFFICE}.text",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "stl": "model/stl",
    "txt": "text/plain",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
"""Types that a name alone may claim, since nothing follows from them: each is fetched, and shown by no browser here."""
_BRANDS = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime"}
_LONGEST_ENDING = 10


class Format(NamedTuple):
    """A media type, and which kind of asset that is; of pictures the kind is told later, by their variants."""

    content_type: str
    kind: AssetKind


def told(head: bytes, file_name: str) -> Format:
    """What a file with these first `HEAD_BYTES` bytes and that name is. Raises Invalid, in words, for a picture that
    browsers do not show, and for what is no picture and has no ending to tell readers what they would get.
    """
    if content_type := picture(head):
        return Format(content_type, "")
    ending = ending_of(file_name)
    if ending in _PICTURES or head.startswith(_UNSHOWN) or _is_heic(head):
        raise Invalid(_why_none(head), field="file")
    if not ending:
        message = f"{_why_none(head)} As another file it needs a name with an ending, as in plan.pdf."
        raise Invalid(message, field="file")
    content_type = _played(head, ending) or _packed(head) or UNKNOWN
    if content_type.startswith("audio/"):
        return Format(content_type, "audio")
    if content_type.startswith("video/"):
        return Format(content_type, "video")
    if content_type != PDF:
        content_type = _BY_ENDING.get(ending, content_type)
    return Format(content_type, "file")


def require_picture(head: bytes) -> str:
    """The media type of a picture; Invalid for every other kind of file."""
    if content_type := picture(head):
        return content_type
    raise Invalid(_why_none(head), field="file")


def picture(head: bytes) -> str:
    """The media type of a picture that browsers show, empty for all else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if _brands(head) & {b"avif", b"avis"} else ""


def ending_of(file_name: str) -> str:
    """What stands behind the last dot of a name, in small letters; empty where that tells no type."""
    ending = PurePath(file_name).suffix[1:].lower()
    return ending if ending.isascii() and ending.isalnum() and len(ending) <= _LONGEST_ENDING else ""


def _framed(head: bytes) -> str:
    """The type of sound that comes in frames, each with eleven bits that are set before it: MPEG layer III
    (ISO/IEC 11172-3, 2.4.1.3), which tags may precede, or AAC in ADTS (13818-7, 6.2.1).
    """
    frame = head[1] if head[:1] == b"\xff" and len(head) > 1 else 0
    if head.startswith(b"ID3") or frame & 0xE6 == 0xE2:
        return "audio/mpeg"
    return "audio/aac" if frame & 0xF6 == 0xF0 else ""


def _played(head: bytes, ending: str) -> str:
    """The type of sound or film, by its first bytes; of Ogg that begins with its Skeleton the name has to tell."""
    if of_frames := _framed(head):
        return of_frames
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head or (b"fishead" in head and ending == "ogv") else "audio/ogg"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head else "video/matroska"
    return _BRANDS.get(head[8:12], "video/mp4") if head[4:8] == b"ftyp" else ""


def _packed(head: bytes) -> str:
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "application/zip"
    if head.startswith(b"\x1f\x8b"):
        return "application/gzip"
    return "application/x-7z-compressed" if head.startswith(b"7z\xbc\xaf\x27\x1c") else ""


def _brands(head: bytes) -> set[bytes]:
    """ISO 14496-12 section 4.3: size, "ftyp", major brand, version, then compatible brands up to the size."""
    if head[4:8] != b"ftyp":
        return set()
    size = min(int.from_bytes(head[:4], "big"), HEAD_BYTES)
    return {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}


def _is_heic(head: bytes) -> bool:
    return bool(_brands(head) & _HEIF)


def _why_none(head: bytes) -> str:
    if _is_heic(head):
        message = (
            "This file is HEIC, which few browsers show: send it as a JPEG. An iPhone takes pictures as JPEG when "
        )
        return message + "«Most Compatible» is chosen below Settings, Camera, Formats."
    return "This file is no picture that browsers show: send a JPEG, PNG, WebP, GIF or AVIF."
