"""Start the command line; also as `python -m mailwarden`."""

from mailwarden.pipeline.cli.root import root

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    root.main(prog_name="mailwarden")


if __name__ == "__main__":
    main()
