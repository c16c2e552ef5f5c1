"""The look as CSS: tokens of site.css with other values, and nothing that an author wrote."""

import hashlib
from functools import lru_cache

import msgspec

from sdc_web.look import colours
from sdc_web.look.choices import OWN_ACCENT, Look, Measure, Paper, TextSize, Typeface
from sdc_web.look.colours import Oklch

DEFAULT_ACCENT = colours.to_srgb(colours.from_hex(OWN_ACCENT))
_SURFACES = {
    "paper": (Oklch(0.987, 0.003, 200), Oklch(0.195, 0.012, 225)),
    "raised": (Oklch(1, 0, 0), Oklch(0.228, 0.013, 225)),
    "sunk": (Oklch(0.963, 0.005, 200), Oklch(0.165, 0.012, 225)),
    "line": (Oklch(0.89, 0.008, 210), Oklch(0.325, 0.014, 225)),
    "line-strong": (Oklch(0.62, 0.015, 220), Oklch(0.55, 0.016, 220)),
    "code-paper": (Oklch(0.963, 0.005, 200), Oklch(0.232, 0.013, 225)),
    "tick": (Oklch(0.74, 0.012, 215), Oklch(0.46, 0.015, 220)),
}
"""As site.css has them, which a test compares: by light and by dark."""
_SOFT = (Oklch(0.945, 0.026, 0), Oklch(0.285, 0.04, 0))
_ON_ACCENT = (Oklch(1, 0, 0), Oklch(0.19, 0.02, 0))
_PAPERS: dict[Paper, tuple[float, float]] = {"cool": (1.0, 0), "plain": (0.0, 0), "warm": (1.6, 75)}
"""How many times the chroma, and which hue in the place of the cool one."""
_TYPEFACES: dict[Typeface, str] = {
    "literata": "",
    "serif": 'ui-serif, "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Georgia, serif',
    "sans": "var(--sans)",
}
_SIZES: dict[TextSize, float] = {"small": 0.94, "normal": 1.0, "large": 1.1}
_TEXT = {"m": (1.0625, 1.02, 0.22, 1.1875), "l": (1.1875, 1.12, 0.34, 1.375)}
"""Of `--size-m` and `--size-l`: least, at no width, for a hundredth of the width, most; in rem and vw."""
_MEASURES: dict[Measure, str] = {"narrow": "34rem", "normal": "38rem", "wide": "43rem"}


class Stylesheet(msgspec.Struct, frozen=True, kw_only=True):
    """`css` and its `address` are empty for the look that SDC has anyway; `loads_literata` tells whether pages need
    that font; `accent` is the one by light, in sRGB, and `darkened` and `lightened` are both as `#rrggbb`;
    `paper` is behind texts by light and by dark.
    """

    css: str
    address: str
    loads_literata: bool
    accent: tuple[int, int, int]
    darkened: str
    lightened: str
    paper: tuple[str, str]


@lru_cache(maxsize=32)
def stylesheet(look: Look, scope: str = ":root") -> Stylesheet:
    """The tokens for whatever the selector `scope` names."""
    light, dark = accents(look)
    tokens = {**_surface_tokens(look.paper), **_accent_tokens(look, light, dark), **_text_tokens(look)}
    declared = "".join(f"--{name}:{value};" for name, value in tokens.items())
    # An address changes with what stands there, so that browsers may keep it for ever.
    css = f"@layer tokens{{{scope}{{{declared}}}}}" if declared else ""
    return Stylesheet(
        css=css,
        address=f"/look/{hashlib.sha256(css.encode()).hexdigest()[:12]}.css" if css else "",
        loads_literata=look.typeface == "literata",
        accent=colours.to_srgb(light),
        darkened=_hex(light),
        lightened=_hex(dark),
        paper=_paper(look.paper),
    )


def _paper(paper: Paper) -> tuple[str, str]:
    light, dark = _surfaces(paper)["paper"]
    return _hex(light), _hex(dark)


def accents(look: Look) -> tuple[Oklch, Oklch]:
    """The accent by light and by dark, each readable on every surface that it stands on."""
    wanted = colours.from_hex(look.accent)
    surfaces = _surfaces(look.paper)
    on = [[surfaces[name][dark] for name in ("paper", "raised", "sunk")] + [_soft(wanted, dark)] for dark in (0, 1)]
    return colours.readable(wanted, on[0], dark=False), colours.readable(wanted, on[1], dark=True)


def _soft(accent: Oklch, dark: int) -> Oklch:
    soft = _SOFT[dark]
    return colours.shown(Oklch(soft.lightness, min(soft.chroma, accent.chroma), accent.hue))


def _surfaces(paper: Paper) -> dict[str, tuple[Oklch, Oklch]]:
    times, hue = _PAPERS[paper]
    if paper == "cool":
        return _SURFACES
    return {
        name: (_tinted(light, times, hue), _tinted(dark, times * 0.7, hue)) for name, (light, dark) in _SURFACES.items()
    }


def _tinted(colour: Oklch, times: float, hue: float) -> Oklch:
    return Oklch(colour.lightness, round(colour.chroma * times, 4), hue)


def _surface_tokens(paper: Paper) -> dict[str, str]:
    if paper == "cool":
        return {}
    return {name: _pair(light, dark) for name, (light, dark) in _surfaces(paper).items()}


def _accent_tokens(look: Look, light: Oklch, dark: Oklch) -> dict[str, str]:
    if look.accent == OWN_ACCENT:
        return {}
    on_dark = Oklch(_ON_ACCENT[1].lightness, min(_ON_ACCENT[1].chroma, dark.chroma), dark.hue)
    return {
        "accent": _pair(light, dark),
        "accent-soft": _pair(_soft(light, 0), _soft(dark, 1)),
        "on-accent": _pair(_ON_ACCENT[0], on_dark),
    }


def _text_tokens(look: Look) -> dict[str, str]:
    tokens = {}
    if look.typeface != "literata":
        tokens["serif"] = _TYPEFACES[look.typeface]
    if look.size != "normal":
        for name, parts in _TEXT.items():
            least, base, more, most = (f"{part * _SIZES[look.size]:.4g}" for part in parts)
            tokens[f"size-{name}"] = f"clamp({least}rem,{base}rem + {more}vw,{most}rem)"
    if look.measure != "normal":
        tokens["measure"] = _MEASURES[look.measure]
    return tokens


def _pair(light: Oklch, dark: Oklch) -> str:
    return f"light-dark({light.css()},{dark.css()})"


def _hex(colour: Oklch) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colours.to_srgb(colour))


DEFAULT_PAPER = _paper("cool")
