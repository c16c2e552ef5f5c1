"""Where a page of a list begins: behind a key and an id, which an address holds as one word.

Both stand in the word itself, so that the place stays where it is whatever becomes of the row that it was taken from.
"""

from sdc_core.errors import Invalid

LATEST = 1 << 62
"""Greater than every number that a list is ordered by."""
LAST_ID = "~"
"""Greater than every identifier."""


def word(key: str | int, row_id: str) -> str:
    """The place behind the row with that key and that id."""
    return f"{key}~{row_id}"


def falling(after: str) -> tuple[int, str]:
    """The key and the id of a list that begins with the greatest number; before all of them for an empty word. Raises
    Invalid for a word that no list has given.
    """
    if not after:
        return LATEST, LAST_ID
    key, parted, row_id = after.rpartition("~")
    if not (parted and row_id) or not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise Invalid("This list cannot begin there: open it anew.", field="after")
    return int(key), row_id


def rising(after: str) -> tuple[str, str]:
    """The same of a list that is ordered by words, the least first."""
    if not after:
        return "", ""
    key, parted, row_id = after.rpartition("~")
    if not (parted and row_id):
        raise Invalid("This list cannot begin there: open it anew.", field="after")
    return key, row_id
