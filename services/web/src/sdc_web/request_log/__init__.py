"""The request log: one line for each answered request, kept in files and brought to the worker. See `middleware`."""
