"""Errors of JSON Schema in words that a person who writes YAML can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.complaints import Complaint, Path_, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
    "number": "a number",
}


def explain(error: ValidationError) -> Iterator[Complaint]:
    """Yield what one schema error says; one complaint for each unknown key."""
    path: Path_ = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(path, error)
    elif error.validator in ("anyOf", "oneOf") and error.context:
        # The branch that got furthest is the one that was meant.
        yield from explain(max(error.context, key=lambda branch: len(branch.absolute_path)))
    elif error.validator == "required":
        missing = str(error.message).split("'")[1]
        yield Complaint(path, f"`{missing}` is missing")
    elif "propertyNames" in error.absolute_schema_path:
        place = (*path, str(error.instance))
        yield Complaint(place, "this name is not allowed", _shown(error.instance), _allowed(error))
    else:
        yield Complaint(path, _message(error), _shown(error.instance), _allowed(error))


def _unknown_keys(path: Path_, error: ValidationError) -> Iterator[Complaint]:
    schema: Any = error.schema
    instance: Any = error.instance
    known = sorted(schema.get("properties", {}))
    for key in instance:
        if key not in known:
            message = _unknown(key, known, schema.get("x-elsewhere", {}))
            yield Complaint((*path, key), message, allowed=", ".join(known))


def _unknown(key: str, known: list[str], elsewhere: Mapping[str, str]) -> str:
    """Return what to say of an unknown key; ``elsewhere`` says where keys of similar things count."""
    if key in elsewhere:
        return f"`{key}` {elsewhere[key]}"
    near = nearest(key, known)
    return f"`{key}` is not a known key" + (f"; did you mean `{near}`?" if near else "")


def _message(error: ValidationError) -> str:
    """Return what is wrong, in words; the value and what is allowed are told apart from it."""
    return {
        "type": "wrong type of value",
        "enum": "this value is not allowed",
        "const": "this value is not allowed",
        "pattern": "the text does not have the right form",
        "minimum": "the number is too small",
        "maximum": "the number is too large",
        "minLength": "the text is too short",
        "maxLength": "the text is too long",
        "minItems": "the list is too short",
        "maxItems": "the list is too long",
        "minProperties": "something is missing here",
        "maxProperties": "there is too much here",
        "uniqueItems": "the list has the same value twice",
    }.get(str(error.validator), str(error.message))


def _allowed(error: ValidationError) -> str | None:
    """Return what the schema allows in the place of ``error``, in words."""
    value: Any = error.validator_value
    examples = error.schema.get("examples") if isinstance(error.schema, dict) else None
    such_as = f", such as {_shown(examples[0])}" if examples else ""
    match error.validator:
        case "type":
            names = [value] if isinstance(value, str) else value
            return " or ".join(_TYPES[name] for name in names) + such_as
        case "enum":
            return ", ".join(_shown(item) for item in value)
        case "const":
            return _shown(value)
        case "pattern":
            return f"text that matches {value}{such_as}"
        case "minimum" | "minLength" | "minItems" | "minProperties":
            return f"at least {value}{such_as}"
        case "maximum" | "maxLength" | "maxItems" | "maxProperties":
            return f"at most {value}{such_as}"
    return None


def _shown(value: Any) -> str:
    """Return a value as it would stand in YAML, shortened."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
