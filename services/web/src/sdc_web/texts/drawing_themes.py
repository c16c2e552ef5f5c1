"""The site's colours as Mermaid's theme variables, by day and by night; the tokens of `site.css` as sRGB."""

import json
import re

import msgspec

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?:.*\n)*?[ \t]*---[ \t]*(?:\n|\Z)")


class Theme(msgspec.Struct, frozen=True):
    """The colour of the page, and Mermaid's configuration as JSON."""

    paper: str
    configuration: str


def _theme(
    paper: str, raised: str, sunk: str, line: str, ink: str, soft: str, accent: str, tint: str, **more: str
) -> Theme:
    series = more["series"].split()
    variables = {
        "background": paper, "mainBkg": tint,
        "primaryColor": tint, "primaryTextColor": ink, "primaryBorderColor": accent,
        "secondaryColor": sunk, "secondaryTextColor": ink, "secondaryBorderColor": line,
        "tertiaryColor": sunk, "tertiaryTextColor": ink, "tertiaryBorderColor": line,
        "lineColor": soft, "textColor": ink, "titleColor": ink, "edgeLabelBackground": paper,
        "clusterBkg": sunk, "clusterBorder": line,
        "noteBkgColor": more["note"], "noteTextColor": ink, "noteBorderColor": more["note_line"],
        "actorBkg": tint, "actorBorder": accent, "actorTextColor": ink, "actorLineColor": line,
        "signalColor": soft, "signalTextColor": ink, "labelBoxBkgColor": sunk, "labelBoxBorderColor": soft,
        "labelTextColor": ink, "loopTextColor": ink,
        "attributeBackgroundColorOdd": raised, "attributeBackgroundColorEven": sunk, "rowOdd": raised, "rowEven": sunk,
        "sectionBkgColor": sunk, "altSectionBkgColor": paper, "sectionBkgColor2": sunk, "gridColor": line,
        "taskBkgColor": tint, "taskBorderColor": accent, "taskTextColor": ink, "taskTextOutsideColor": ink,
        "taskTextDarkColor": ink, "taskTextLightColor": ink, "doneTaskBkgColor": line, "doneTaskBorderColor": soft,
        "activeTaskBkgColor": more["note"], "activeTaskBorderColor": more["note_line"],
        "critBkgColor": more["crit"], "critBorderColor": more["crit_line"], "todayLineColor": more["crit_line"],
        "pieTitleTextColor": ink, "pieSectionTextColor": ink, "pieLegendTextColor": ink, "pieStrokeColor": paper,
        "pieOuterStrokeColor": line, "pieOpacity": "1", "commitLabelColor": ink, "commitLabelBackground": paper,
        "tagLabelColor": ink, "tagLabelBackground": sunk, "tagLabelBorder": line,
    }  # fmt: skip
    for number, colour in enumerate(series):
        variables |= {f"pie{number + 1}": colour, f"git{number}": colour, f"cScale{number}": colour}
        variables |= {f"gitBranchLabel{number}": ink, f"cScaleLabel{number}": ink}
    chosen = {"theme": "base", "look": "classic", "fontFamily": "Arial, sans-serif", "themeVariables": variables}
    return Theme(paper, json.dumps(chosen))


_LIGHT = _theme(
    "#f9fbfb", "#ffffff", "#eff4f4", "#c3cbcd", "#1a242d", "#4f5a61", "#006952", "#dcf3eb",
    note="#fcf0d7", note_line="#895709", crit="#fdebe9", crit_line="#bc2823",
    series="#b0ebe7 #f3dab2 #e4d6ff #ffd0c8 #c1e2ff #c3eac9 #f3e79c #d5dcde",
)  # fmt: skip
_DARK = _theme(
    "#0f1619", "#161e21", "#1b2428", "#47525a", "#dae1e2", "#a0aaac", "#6ad9b6", "#113129",
    note="#362712", note_line="#f0be67", crit="#3b1e1c", crit_line="#fa897b",
    series="#16524f #59441f #4d4063 #643b35 #2e4a67 #2f5136 #5a4c14 #2d363a",
)  # fmt: skip
THEMES = (_LIGHT, _DARK)


def themed(source: str, theme: Theme) -> str:
    """A diagram in one of the themes. What its author says of its looks comes after, and wins."""
    front_matter = _FRONT_MATTER.match(source)
    at = front_matter.end() if front_matter else 0
    return f"{source[:at]}%%{{init: {theme.configuration}}}%%\n{source[at:]}"
