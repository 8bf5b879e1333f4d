"""Reads JSON as the Live API writes it: names in either casing, absent for empty. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from local_live.errors import INVALID_ARGUMENT, UNSUPPORTED_DATA, Refused

# Below these names stand the user's own keys, which are not ours to rewrite.
_VERBATIM = frozenset(
    {"args", "response", "labels", "parameters", "parametersJsonSchema", "responseJsonSchema"}
)


def malformed() -> Refused:
    """Return the refusal of something that is not what the protocol says."""
    return Refused(UNSUPPORTED_DATA, INVALID_ARGUMENT)


def parse_object(raw: str | bytes) -> dict[str, Any]:
    """Read a frame that is one object, with its keys in camelCase.

    Raises:
        Refused: If it is anything else.
    """
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise malformed() from exc
    return strict_object(to_camel(message))


def to_camel(value: Any) -> Any:
    """Return ``value`` with every key of ours in camelCase; the user's own keys stay."""
    if isinstance(value, dict):
        named = ((_camel(key), inner) for key, inner in value.items())
        return {key: inner if key in _VERBATIM else to_camel(inner) for key, inner in named}
    if isinstance(value, list):
        return [to_camel(inner) for inner in value]
    return value


def text_of(content: dict[str, Any]) -> str:
    """Return the text of all parts of a content, a line each."""
    texts = (
        string_or_empty(object_or_empty(part).get("text"))
        for part in list_or_empty(content.get("parts"))
    )
    return "\n".join(text for text in texts if text)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest) if rest else name


def strict_object(value: Any) -> dict[str, Any]:
    """Return ``value`` if it is an object."""
    if not isinstance(value, dict):
        raise malformed()
    return value


def strict_string(value: Any) -> str:
    """Return ``value`` if it is a string."""
    if not isinstance(value, str):
        raise malformed()
    return value


def object_or_empty(value: Any) -> dict[str, Any]:
    """Return an object; empty where there is none."""
    return strict_object({} if value is None else value)


def list_or_empty(value: Any) -> list[Any]:
    """Return a list; empty where there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed()
    return value


def string_or_empty(value: Any) -> str:
    """Return a string; empty where there is none."""
    return strict_string("" if value is None else value)


def enum(value: Any) -> str:
    """Return the name of a value, in capitals; empty where there is none."""
    return string_or_empty(value).upper()


def integer(value: Any) -> int | None:
    """Read a proto3 JSON integer, which may stand in quotes."""
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as exc:
        raise malformed() from exc
