"""From an original to its variants: a durable queue, a pool of limited processes, a sweep for what was lost.

`limits`, `minify` and what that imports run in the pool's processes and import nothing heavier than Pillow.
"""
