"""`doit new`: the entry of a model, from words, and a guess where they leave something out."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import msgspec
from doit.cmd_base import Command
from doit.exceptions import InvalidDodoFile

from pipeline import children, configfile, console, files
from pipeline.config import PYPROJECT, TABLE, Build, Settings
from pipeline.entry import TORCHVISION
from pipeline.errors import PipelineError, SettingsError

USAGE = "doit new name=shoes builder=shop.models:make_net [weights=file:shoes.pt] [shape=batch,3,192,192] [key=value …]"
Entry = dict[str, Any]


class New(Command):  # type: ignore[misc]
    """`doit new name=… builder=…`: write a model's entry, and try it."""

    name = "new"
    doc_purpose = "write the entry of a model of your own, and try it"
    doc_usage = "name=… builder=… [key=value …]"
    doc_description = None

    def execute(self, opt_values: Any, pos_args: Any) -> Any:  # noqa: ARG002 - doit takes key=value for its own
        """Do it; an InvalidDodoFile says in a line why it cannot be done."""
        try:
            create(sys.argv[sys.argv.index("new") + 1 :])
        except PipelineError as error:
            raise InvalidDodoFile(str(error)) from None


def create(words: Sequence[str]) -> NoReturn:
    """Write the entry to `pyproject.toml`, and become the doit that tries it."""
    name, entry = _read(words)
    text = _settings_text()
    if name in _entries(text):
        raise SettingsError(f"{PYPROJECT} has a [{TABLE}.models.{name}]; give another name, or edit that")
    if "weights" not in entry and not entry["builder"].startswith((TORCHVISION, "file:")):
        entry["weights"] = "seeded"
        print("no weights are named: they are drawn from a seed, until the entry says where they are")
    if "inputs" not in entry:
        entry |= _guessed(name, entry)
    configfile.read_entry(name, entry)
    end = "\r\n" if "\r\n" in text else "\n"
    added = f"\n[{TABLE}.models.{_key(name)}]\n" + "".join(f"{key} = {toml(entry[key])}\n" for key in entry)
    whole = f"{text.rstrip()}{end}{added.replace(chr(10), end)}"
    if not _holds(whole, name, entry):
        beside = f"write {_key(name)} = {toml(entry)} beside the others"
        raise SettingsError(f"{PYPROJECT} holds models in a table that cannot be added to at the file's end; {beside}")
    files.write(PYPROJECT.resolve(), whole.encode())
    print(f"{PYPROJECT} has a new entry:\n{added}")
    print(f"now doit compare:{name} tries it; whatever it says, the entry is yours to edit", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "doit", f"compare:{name}"])


def _read(words: Sequence[str]) -> tuple[str, Entry]:
    """The name and the entry that the words say."""
    entry: Entry = {}
    said = set[str]()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise SettingsError(f"'{word}' found; expected {USAGE}")
        if key in said or (key == "arguments" and key in entry):
            raise SettingsError(f"{key} is said twice; expected {USAGE}")
        said.add(key)
        if key == "shape":
            extents = [int(one) if re.fullmatch("[0-9]+", one) else one for one in value.split(",")]
            entry["inputs"] = [{"shape": extents}]
        elif key.startswith("arguments."):
            if "arguments" in said:
                raise SettingsError(f"{key} is said beside arguments; expected {USAGE}")
            entry.setdefault("arguments", {})[key.removeprefix("arguments.")] = _value(value)
        else:
            entry[key] = value if key in ("name", "builder", "weights") else _value(value)
    for key in ("name", "builder"):
        if key not in entry:
            raise SettingsError(f"{key}= is missing; expected {USAGE}")
    return str(entry.pop("name")), entry


def _value(text: str) -> Any:
    """What TOML makes of a value; a word that needs quotes there is itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _settings_text() -> str:
    try:
        text = PYPROJECT.read_bytes().decode()  # with its line ends
        tomllib.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"there is no {PYPROJECT}; start in the project's folder, or make an empty one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{PYPROJECT} is not valid TOML: {error}") from None
    return text


def _entries(text: str) -> Entry:
    """The models in the file's text; where something else stands in their place, the settings say so by themselves."""
    found: Any = tomllib.loads(text)
    for key in ("tool", "torchferry", "models"):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _holds(text: str, name: str, entry: Entry) -> bool:
    """Whether a text is TOML, and has the entry."""
    try:
        return repr(_entries(text).get(name)) == repr(entry)  # nan is not equal to itself
    except tomllib.TOMLDecodeError:
        return False


def _guessed(name: str, entry: Entry) -> Entry:
    """What a step that builds the model says of its inputs."""
    model = configfile.read_entry(name, entry)
    settings = Settings(default_models=[], models={name: model}, build=Build(), extras={})
    heard: list[console.Event] = []
    argv = [sys.executable, "-m", "pipeline.steps.guess", name]
    stdin = msgspec.msgpack.encode(settings)
    finished = children.run(argv, stdin=stdin, on_line=lambda line: heard.extend(console.parse(line)))
    for event in heard:
        if event.kind == "say":
            print(event.text)
    if finished.failure:
        errors = [event.text for event in heard if event.kind == "error"]
        raise PipelineError(errors[-1] if errors else f"the guess {finished.failure}")
    guessed: Entry = json.loads([event.text for event in heard if event.kind == "show"][-1])
    return guessed


def _key(name: str) -> str:
    """The name as a key: quoted where it has a dot, say."""
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else toml(name)


def toml(value: Any) -> str:
    """A value as TOML; strings are JSON's, which TOML reads."""
    if isinstance(value, dict):
        return f"{{ {', '.join(_pairs(value))} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)  # numbers, with inf and nan, and dates, as TOML has them


def _pairs(table: Entry) -> Iterator[str]:
    for key, value in table.items():
        yield f"{_key(key)} = {toml(value)}"
