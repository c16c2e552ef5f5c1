"""Ingest: ranges of the access log in, the committed offset out."""
