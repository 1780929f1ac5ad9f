"""Random graphs, run in every form in which a model may be run: `python -m tests.graphs --help`."""
