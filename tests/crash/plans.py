"""What a round does, drawn at random."""

import dataclasses
import random

from . import injuries
from .project import EDITS


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a round does. It follows from the seed and the round's number alone, so that one round can be repeated."""

    seed: int
    number: int
    edits: frozenset[str]
    """In the sources when the run starts."""
    later: frozenset[str]
    """In the sources from the moment on, if the injury is an edit."""
    keep_time: bool
    damage: tuple[str, str]
    """How and where, before the run; empty for none."""
    injury: str
    moment: float
    """When it comes, as a part of the time, the writes or the bytes that the run is expected to need."""
    pick: float

    @classmethod
    def draw(cls, seed: int, number: int) -> "Plan":
        rng = random.Random(f"{seed}:{number}")
        edits = frozenset(rng.sample(sorted(EDITS), k=rng.choice([0, 1, 1, 2, 3])))
        place = rng.choices(list(injuries.PLACES), weights=[4, 3, 1, 2, 1])[0]
        damage = (rng.choice(injuries.DAMAGES), place) if rng.random() < 0.6 else ("", "")
        return cls(
            seed=seed,
            number=number,
            edits=edits,
            later=edits ^ {rng.choice(sorted(EDITS))},
            keep_time=rng.random() < 0.25,
            damage=damage,
            injury=rng.choice(injuries.INJURIES),
            moment=rng.random(),
            pick=rng.random(),
        )

    @classmethod
    def of_write_fault(cls, injury: str, edits: frozenset[str], moment: float) -> "Plan":
        """A write fault at a moment that is chosen, in a run that has these edits to work on."""
        return cls(
            seed=0,
            number=int(moment * 1000),
            edits=edits,
            later=edits,
            keep_time=False,
            damage=("", ""),
            injury=injury,
            moment=moment,
            pick=0.0,
        )

    @property
    def final(self) -> frozenset[str]:
        """The edits in the sources when the round ends."""
        return self.later if self.injury == "edit" else self.edits
