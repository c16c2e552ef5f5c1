"""Markdown to HTML that is safe to show: CommonMark with tables, footnotes and alerts; colours as CSS classes."""
