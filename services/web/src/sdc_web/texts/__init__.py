"""A text: its characters, its language, and the HTML that is made of its Markdown. Knows no database."""
