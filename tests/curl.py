"""What the documents use of curl, which a machine may lack."""

import argparse
import sys
from pathlib import Path

import httpx


def main() -> int:
    """One request; prints the body of the answer. 22 for a refusal, as curl has with `--fail`."""
    known = argparse.ArgumentParser()
    known.add_argument("url")
    known.add_argument("-X", dest="method", default="")
    known.add_argument("-H", dest="headers", action="append", default=[])
    known.add_argument("--json", default="")
    known.add_argument("--data-binary", default="")
    asked = known.parse_args()
    headers = dict(each.split(": ", 1) for each in asked.headers)
    body = asked.json.encode()
    if asked.json:
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    elif asked.data_binary:
        body = Path(asked.data_binary.removeprefix("@")).read_bytes()
    method = asked.method or ("POST" if body else "GET")
    answer = httpx.request(method, asked.url, headers=headers, content=body, timeout=60, trust_env=False)
    sys.stdout.write(answer.text)
    return 0 if answer.is_success else 22


if __name__ == "__main__":
    sys.exit(main())
