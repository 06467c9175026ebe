"""Write a report from a process of its own: `python -m mailwarden.pipeline.report STORE --from 2026-11-23`."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from mailwarden.parsers.errors import MailwardenError
from mailwarden.pipeline.report.daily import build
from mailwarden.pipeline.store import Store

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the report that was asked for; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mailwarden.pipeline.report", description="Write a report.")
    parser.add_argument("store", type=Path, help="the database of the service")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first day: 2026-11-23")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day; one day only where not given")
    parser.add_argument("--zone", default="UTC", type=ZoneInfo, help="whose midnight begins a day")
    parser.add_argument("--language", default="en")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    asked = parser.parse_args(arguments)
    if asked.last is not None and asked.last < asked.first:
        parser.error("--to is before --from")
    try:
        with Store.open(asked.store, read_only=True) as store:
            report = build(store, asked.first, until=asked.last, zone=asked.zone, language=asked.language)
    except MailwardenError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(json.dumps(report.as_data()) + "\n" if asked.json else report.as_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
