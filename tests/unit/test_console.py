"""What a step says, as doit hears it."""

import pytest

from pipeline import console
from pipeline.console import Event


def test_events_and_plain_lines() -> None:
    say = f'{console.SEPARATOR}{{"kind":"say","text":"[3/7] main.cpp","done":3,"total":7}}'
    assert list(console.parse(say)) == [Event("say", "[3/7] main.cpp", 3, 7)]
    assert list(console.parse("a library's warning")) == [Event("show", "a library's warning")]
    assert list(console.parse("")) == [Event("show", "")]
    assert [event.kind for event in console.parse(f"no newline{say}")] == ["show", "say"]
    assert list(console.parse(f"{console.SEPARATOR}garbage")) == []


def test_a_step_speaks_to_whom_it_has(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(console.EVENTS, raising=False)
    console.set_task("export:r18")
    console.say("scripted")
    console.complain("it\ndoes not script")
    told = capsys.readouterr()
    assert told.out == "   export:r18     scripted\n"
    assert told.err == "   export:r18     error: it does not script\n"
    monkeypatch.setenv(console.EVENTS, "1")
    console.say("scripted")
    console.complain("it\ndoes not script")
    console.show("a\nb")
    with console.transfer("weights.pt", 46_800_000) as advance:
        advance(12_340_000)
    told = capsys.readouterr()
    assert told.err == ""
    assert [event for line in told.out.rstrip("\n").split("\n") for event in console.parse(line)] == [
        Event("say", "scripted"),
        Event("error", "it does not script"),
        Event("show", "a\nb"),
        Event("progress", "weights.pt, 12.3 of 46.8 MB", 12_340_000, 46_800_000),
    ]
