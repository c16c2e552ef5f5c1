"""The child that draws Mermaid diagrams, each in two themes: JSON in, JSON out. Run as a file, so that it loads nothing
else of ours; what a hostile diagram could do to a process, it does to this one.
"""

import json
import resource
import sys

import mmdr

MEMORY_BYTES = 1024**3
PROCESSOR_S = 10
MAX_SVG = 400_000
"""Characters, before it is made small: web takes in no more than its bounds allow."""


def main() -> None:
    """Reads a list of lists of sources; writes for each list the SVG of each of its sources, or why there is none."""
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    json.dump([drawn(sources) for sources in json.load(sys.stdin)], sys.stdout)


def drawn(sources: list[str]) -> dict[str, str | list[str]]:
    try:
        svgs = [mmdr.render(source, backend="merman").svg() for source in sources]
        return {"svgs": svgs} if max(map(len, svgs)) <= MAX_SVG else {"fault": "The drawing is too large."}
    except ValueError as error:
        return {"fault": str(error)}


if __name__ == "__main__":
    main()
