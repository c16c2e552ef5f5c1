"""Sessions: the signed-in state of an author in one browser."""
