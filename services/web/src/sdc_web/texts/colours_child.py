"""The child that finds the tokens of code: a line of JSON in, a line of JSON out, for as long as anyone asks. Run as a
file, so that it loads nothing else of ours; a lexer that does not come to an end ends this process, and no other.
"""

import json
import resource
import signal
import sys

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name

MEMORY_BYTES = 512 * 1024**2
PROCESSOR_S = 1.0
"""For one block; 40,000 characters of Python take 0.06."""
IDLE_S = 300
"""Without a question for so long it ends by itself."""


def main() -> None:
    """Answers each `{"language", "code"}` with HTML, or with null for a language that it does not know."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    names = {alias.lower() for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}
    formatter = HtmlFormatter(nowrap=True)
    while True:
        signal.alarm(IDLE_S)
        line = sys.stdin.buffer.readline()
        signal.alarm(0)
        if not line:
            return
        # A regular expression looks at no signal while it runs, so this one is left to the kernel, which ends us.
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_S)
        asked = json.loads(line)
        known = asked["language"].lower() in names
        html = highlight(asked["code"], get_lexer_by_name(asked["language"]), formatter) if known else None
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(html) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
