"""Our models, carried to C++."""

from pipeline.dodo import *  # noqa: F403
