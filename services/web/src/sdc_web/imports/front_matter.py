"""Front matter: the fields at the head of a text, in YAML, TOML or JSON, and their values as words."""

import json
import re
import tomllib
from collections.abc import Mapping

import yaml
from sdc_core.errors import Invalid

_FENCE = re.compile(
    r"\A(?:(?P<yaml>---)|\+\+\+)[ \t]*\r?\n(?P<fields>.*?)"
    r"(?:^|(?<=\n))(?(yaml)(?:---|\.\.\.)|\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)
_HEADED = re.compile(
    r"\A(?:[A-Za-z][\w-]{0,40}:(?:[ \t][^\r\n]{0,2000})?\r?\n(?:[ \t]{4}[^\r\n]{1,2000}\r?\n){0,50}+){1,40}+"
    r"(?:[ \t]*\r?\n|\Z)"
)
"""Lines of fields without fences, up to an empty one: so Pelican, MkDocs and MultiMarkdown have them."""
_MAX_DIGITS = 18
_MAX_NUMBER = 10**_MAX_DIGITS
_INSIDE = ("params", "extra", "taxonomies")
"""Tables whose fields count as if they stood outside: Hugo's own parameters, and those of Zola."""
_NESTING = "[{-:?"
_MERGE = "tag:yaml.org,2002:merge"
_MAX_MERGED = 10_000
_MAX_NESTING = 2_000
"""Signs of YAML that may open a level: libyaml follows them on the stack of the process, without asking how deep."""


def parted(text: str) -> tuple[dict[str, object], str]:
    """The fields, by their names in small letters, and the text without them. Raises Invalid, in words."""
    text = text.removeprefix("\ufeff")
    fenced = _FENCE.match(text)
    try:
        if fenced is not None:
            found = _yaml(fenced["fields"]) if fenced["yaml"] else tomllib.loads(fenced["fields"])
            rest = text[fenced.end() :]
        elif text.startswith(("{\n", "{\r\n")):
            found, end = json.JSONDecoder().raw_decode(text)
            _require_encodable(json.dumps(found, ensure_ascii=False))
            rest = text[end:].lstrip("\r\n")
        elif (headed := _HEADED.match(text)) and (given := _headed(headed[0])).get("title"):
            return lowered(given), text[headed.end() :]
        else:
            return {}, text
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"its front matter cannot be read: {_in_words(error)}") from None
    if found is not None and not isinstance(found, dict):
        raise Invalid("its front matter holds no fields")
    return lowered(found or {}), rest


def _in_words(error: Exception) -> str:
    """What is wrong with it, and in which line of the file, which begins with the fence."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark is not None:
        return f"{' '.join(error.problem.split())[:200]}, in line {error.problem_mark.line + 2}"
    return " ".join(str(error).split())[:200]


def _headed(lines: str) -> dict[object, object]:
    """What such lines say. A line further in goes on with the one above it."""
    found: dict[object, object] = {}
    name = ""
    for line in lines.splitlines():
        if line[:1] in (" ", "\t"):
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        elif line.strip():
            name, _, value = line.partition(":")
            name = name.lower()
            found[name] = value.strip()
    return found


def lowered(found: Mapping[object, object]) -> dict[str, object]:
    """The fields by their names in small letters; what stands outside of a table wins."""
    fields = {word(name).lower(): value for name, value in found.items()}
    for table in _INSIDE:
        inside = fields.get(table)
        if isinstance(inside, dict):
            fields = {**{word(name).lower(): value for name, value in inside.items()}, **fields}
    return fields


def word(value: object) -> str:
    """A single value as text; nothing for what is none. Lists are not written out: their aliases may have no end."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    # Python writes no number of more than 4,300 digits, and nobody means one.
    return str(value) if isinstance(value, int | float) and -_MAX_NUMBER < value < _MAX_NUMBER else ""


def text(fields: Mapping[str, object], *names: str) -> str:
    """The first of the fields that says something, as one line."""
    for name in names:
        value = fields.get(name)
        if not isinstance(value, bool) and (found := word(value)):
            return " ".join(found.split())
    return ""


def words(fields: Mapping[str, object], name: str, *, by_spaces: bool = False) -> list[str]:
    """A list, or a text that commas part; or, where there is none and `by_spaces`, spaces."""
    value = fields.get(name)
    if isinstance(value, str):
        parts = value.split() if by_spaces and "," not in value else value.split(",")
        return [part.strip() for part in parts if part.strip()]
    if isinstance(value, list):
        return list(filter(None, map(word, value)))
    return []


def number(fields: Mapping[str, object], *names: str) -> int | None:
    """The first of the fields that says something, where that is a whole number; not one of thousands of digits."""
    given = text(fields, *names)
    return int(given) if given.isdecimal() and len(given) < _MAX_DIGITS else None


def table(fields: Mapping[str, object], name: str) -> dict[str, object]:
    """A table of a configuration, its names in small letters; empty where there is none."""
    value = fields.get(name)
    return {word(key).lower(): each for key, each in value.items()} if isinstance(value, dict) else {}


def _yaml(given: str) -> object:
    if sum(map(given.count, "[{")) > _MAX_NESTING:
        raise yaml.YAMLError(f"more than {_MAX_NESTING} brackets open in it")
    shallow = sum(map(given.count, _NESTING)) <= _MAX_NESTING
    # The quick one where it can do no harm; the other raises RecursionError.
    loader = (getattr(yaml, "CSafeLoader", yaml.SafeLoader) if shallow else yaml.SafeLoader)(given)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _require_bearable(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _require_bearable(root: yaml.Node) -> None:
    """Raises YAMLError for tables that take in others without measure, and for halves of a surrogate pair."""
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    waiting, merged = [root], 0
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        match node:
            case yaml.MappingNode():
                waiting += [each for pair in node.value for each in pair]
                if any(key.tag == _MERGE for key, _ in node.value):
                    merged += _size(node, sizes)
            case yaml.SequenceNode():
                waiting += node.value
            case yaml.ScalarNode():
                _require_encodable(node.value)
    if merged > _MAX_MERGED:
        raise yaml.YAMLError(f"more than {_MAX_MERGED} fields that come from others")


def _size(table: yaml.MappingNode, sizes: dict[int, int]) -> int:
    """How many fields it has with those of the tables that it takes in."""
    if id(table) in sizes:
        return sizes[id(table)]
    sizes[id(table)] = 0  # until it is counted: tables may stand in a circle
    count = 0
    for key, value in table.value:
        taken = value.value if isinstance(value, yaml.SequenceNode) else [value]
        inside = [each for each in taken if isinstance(each, yaml.MappingNode)] if key.tag == _MERGE else []
        count += sum(_size(each, sizes) for each in inside) if inside else 1
    sizes[id(table)] = count
    return count


def _require_encodable(given: str) -> None:
    """Half of a surrogate pair has no UTF-8, and so no place in an address, a file's name or the database. Raises
    ValueError.
    """
    given.encode()


def configuration(given: str, suffix: str) -> dict[str, object]:
    """A configuration file of that suffix, its names in small letters; empty where it cannot be read."""
    try:
        match suffix:
            case ".toml":
                found = tomllib.loads(given)
            case ".json":
                found = json.loads(given)
                _require_encodable(json.dumps(found, ensure_ascii=False))
            case _:
                found = _yaml(given)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {word(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else {}
