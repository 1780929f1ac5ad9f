"""Compile and link ts-infer."""

from pipeline import cli, cmake
from pipeline.config import Settings


def main(settings: Settings) -> None:
    """Bring the executable up to date with its sources."""
    cmake.build(settings.build)


if __name__ == "__main__":
    cli.run_step("build", main)
