"""What the author may choose of the look. Everything else follows from it, so that nothing can become unreadable."""

import re
from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid

Paper: TypeAlias = Literal["cool", "plain", "warm"]
Typeface: TypeAlias = Literal["literata", "serif", "sans"]
TextSize: TypeAlias = Literal["small", "normal", "large"]
Measure: TypeAlias = Literal["narrow", "normal", "wide"]
OWN_ACCENT = "#006952"
"""As near as sRGB comes to the one of site.css."""
_HEX = re.compile(r"#[0-9a-f]{6}")


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`accent` is the colour of links and of the main action, `#rrggbb`; of `sans` and `serif` the reader's device has
    its own.
    """

    accent: str = OWN_ACCENT
    paper: Paper = "cool"
    typeface: Typeface = "literata"
    size: TextSize = "normal"
    measure: Measure = "normal"


def checked(look: Look) -> Look:
    """The choices as they are stored. Raises Invalid."""
    accent = look.accent.strip().lower()
    if not _HEX.fullmatch(accent):
        raise Invalid("write the colour as # and six digits, such as #006952", field="accent")
    return msgspec.structs.replace(look, accent=accent)
