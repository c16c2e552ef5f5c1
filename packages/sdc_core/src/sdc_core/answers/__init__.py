"""What the worker answers on its signed surface, one module a noun: the worker builds these, web and `sdc` read them.

`docs/interfaces.md` tells which address answers with which. A reader passes over fields that it does not know.
"""
