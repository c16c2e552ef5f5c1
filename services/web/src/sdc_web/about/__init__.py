"""What the author says of the site as a whole: its words, and what robots are told."""
