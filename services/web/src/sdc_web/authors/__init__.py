"""Authors: who may sign in, and the ways in that need no session."""
