"""Content of other sites coming in: one file a format, one importer for all of them."""

from sdc_web.imports import generators, incoming, markdown_folder
from sdc_web.imports.importer import Importer
from sdc_web.imports.incoming import Format, Incoming, Manner, opened
from sdc_web.imports.records import Document, Line, Outcome, Picture, Source
from sdc_web.imports.uploads import Pictures

__all__ = [
    "Document",
    "Format",
    "Importer",
    "Incoming",
    "Line",
    "Manner",
    "Outcome",
    "Picture",
    "Pictures",
    "Source",
    "generators",
    "incoming",
    "markdown_folder",
    "opened",
]
