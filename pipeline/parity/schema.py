"""The JSON schema of `compare.json`, for programs that read it: `compare.schema.json` beside this file.

python -m pipeline.parity.schema writes it anew; a record whose form has changed gets another `SCHEMA` number.
"""

from pathlib import Path

import msgspec

from pipeline import files
from pipeline.parity.record import SCHEMA, Comparison

FILE = Path(__file__).with_name("compare.schema.json")


def made() -> bytes:
    """The schema, from the types of the record."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"compare.json, version {SCHEMA}"}
    schema = {**head, **msgspec.json.schema(Comparison)}
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted")) + b"\n"


if __name__ == "__main__":
    files.write(FILE, made())
