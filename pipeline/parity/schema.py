"""The JSON schema of `compare.json`, for programs that read it: `compare.schema.json` beside this file.

python -m pipeline.parity.schema writes it anew; a record whose form has changed gets another `SCHEMA` number.
"""

import inspect
from pathlib import Path
from typing import Any

import msgspec

from pipeline import files
from pipeline.parity.record import SCHEMA, Comparison

FILE = Path(__file__).with_name("compare.schema.json")


def made() -> bytes:
    """The schema, from the types of the record."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"compare.json, version {SCHEMA}"}
    schema = {**head, **_unindented(msgspec.json.schema(Comparison))}
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted")) + b"\n"


def _unindented(schema: Any) -> Any:
    """Remove the indentation from descriptions, as Python 3.13 removes it from the docstrings that they are."""
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _unindented(value)
            for key, value in schema.items()
        }
    return [_unindented(entry) for entry in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    files.write(FILE, made())
