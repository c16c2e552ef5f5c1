"""How the site looks where the author wants it otherwise: a few choices, made into a stylesheet of tokens."""

from sdc_web.look.choices import Look
from sdc_web.look.css import DEFAULT_ACCENT, DEFAULT_PAPER, Stylesheet, stylesheet
from sdc_web.look.store import amend, change, current, decoded

__all__ = [
    "DEFAULT_ACCENT",
    "DEFAULT_PAPER",
    "Look",
    "Stylesheet",
    "amend",
    "change",
    "current",
    "decoded",
    "stylesheet",
]
