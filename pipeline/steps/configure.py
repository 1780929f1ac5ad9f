"""Configure the C++ build against the installed torch."""

from pipeline import cli, cmake
from pipeline.config import Settings


def main(settings: Settings) -> None:
    """Make the build tree fit the toolchain."""
    cmake.configure(settings.build)


if __name__ == "__main__":
    cli.run_step("configure", main)
