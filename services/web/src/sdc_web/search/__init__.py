"""The search: words kept by publishing, what a reader types, and what that finds."""
