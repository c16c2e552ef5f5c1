"""From an original to its variants: a durable queue, a pool of limited processes, a sweep for what was lost.

`minify`, `picture`, `encode` and `limits` run in the pool's processes and import nothing heavier than Pillow.
"""
