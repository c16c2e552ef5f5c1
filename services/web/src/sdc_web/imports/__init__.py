"""Content of other sites coming in: one file a format, one importer for all of them."""

from sdc_web.imports import markdown_folder
from sdc_web.imports.importer import Importer
from sdc_web.imports.records import Document, Line, Outcome, Picture, Source

__all__ = ["Document", "Importer", "Line", "Outcome", "Picture", "Source", "markdown_folder"]
