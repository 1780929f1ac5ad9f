"""The nearest right spelling, for messages about a wrong one."""

from collections.abc import Iterable

MOST_SHOWN = 12


def did_you_mean(word: str, right: Iterable[str]) -> str:
    """A phrase to end a message with: the nearest of `right`, or all of them when none is near."""
    import difflib  # only ever needed on the way to an error

    choices = sorted(right)
    if near := difflib.get_close_matches(word, choices, n=1, cutoff=0.5):
        return f"did you mean '{near[0]}'?"
    if not choices:
        return "there is none"
    if len(choices) > MOST_SHOWN:
        return f"expected one of {', '.join(choices[:MOST_SHOWN])}, … ({len(choices)} in all)"
    return f"expected one of {', '.join(choices)}"
