"""Models that nobody here wrote, carried to C++."""

from pipeline.dodo import *  # noqa: F403
