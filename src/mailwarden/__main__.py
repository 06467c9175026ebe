"""Start the command line; also as `python -m mailwarden`."""

import gc

from mailwarden.pipeline.cli.root import root

__all__ = ["main"]

_OBJECTS = 100_000  # made and kept until cycles are looked for: hardly any are made, and each look at 700 costs a start 10 %


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(_OBJECTS, 20, 50)
    root.main(prog_name="mailwarden")


if __name__ == "__main__":
    main()
