"""Languages by their BCP 47 tags (RFC 5646): how a tag is written, what speakers call it, where its lines begin."""

import re

from sdc_core.errors import Invalid

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?")
"""The part of the standard that says language, script and region."""
NAMES = {
    "af": "Afrikaans", "ar": "العربية", "bg": "Български", "bn": "বাংলা", "ca": "Català",
    "cs": "Čeština", "cy": "Cymraeg", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά",
    "en": "English", "eo": "Esperanto", "es": "Español", "et": "Eesti", "eu": "Euskara",
    "fa": "فارسی", "fi": "Suomi", "fr": "Français", "ga": "Gaeilge", "gl": "Galego", "he": "עברית",
    "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Bahasa Indonesia", "is": "Íslenska",
    "it": "Italiano", "ja": "日本語", "ka": "ქართული", "ko": "한국어", "la": "Latina", "lt": "Lietuvių",
    "lv": "Latviešu", "nb": "Norsk bokmål", "nl": "Nederlands", "nn": "Norsk nynorsk",
    "no": "Norsk", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский",
    "sk": "Slovenčina", "sl": "Slovenščina", "sq": "Shqip", "sr": "Српски", "sv": "Svenska",
    "sw": "Kiswahili", "ta": "தமிழ்", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "ur": "اردو",
    "vi": "Tiếng Việt", "yi": "ייִדיש", "zh": "中文", "zh-Hans": "简体中文", "zh-Hant": "繁體中文",
}  # fmt: skip
_FROM_THE_RIGHT = frozenset({"ar", "fa", "he", "ur", "yi"})


def tag(text: str) -> str:
    """The tag as it is written by custom, empty for none. Raises Invalid for `language`."""
    parts = text.strip().replace("_", "-").split("-")
    written = "-".join([parts[0].lower(), *(each.title() if len(each) > 3 else each.upper() for each in parts[1:])])
    if written and not _TAG.fullmatch(written):
        raise Invalid("Name the language as in en, de-CH or zh-Hant.", field="language")
    return written


def name(of_tag: str) -> str:
    """What its speakers call it, with the region where the tag has one; the tag itself where that is not known."""
    language, _, rest = of_tag.partition("-")
    if of_tag in NAMES or language not in NAMES:
        return NAMES.get(of_tag, of_tag)
    script, _, region = rest.rpartition("-")
    return f"{NAMES.get(f'{language}-{script}', NAMES[language])} ({region})"


def direction(of_tag: str) -> str:
    """`rtl` where lines begin on the right, else nothing."""
    return "rtl" if of_tag.partition("-")[0] in _FROM_THE_RIGHT else ""
