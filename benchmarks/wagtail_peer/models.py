"""One kind of page: a title and a text."""

from wagtail.fields import RichTextField
from wagtail.models import Page


class Article(Page):
    """A post; its own text is rendered by Wagtail's `richtext` filter."""

    body = RichTextField()
