"""Write a report from a process of its own: `python -m mailwarden.pipeline.report STORE --from 2026-11-23`."""

import argparse
import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mailwarden.alerts.words.translate import translator
from mailwarden.parsers.errors import MailwardenError
from mailwarden.pipeline.configuration.zones import local_zone
from mailwarden.pipeline.report.daily import Report, build
from mailwarden.pipeline.store import Store

__all__ = ["keep", "main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the report that was asked for; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mailwarden.pipeline.report", description="Write a report.")
    parser.add_argument("store", type=Path, help="the database of the service")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first day: 2026-11-23")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day; one day only where not given")
    parser.add_argument("--zone", type=ZoneInfo, help="whose midnight begins a day; this machine's where not given")
    parser.add_argument("--language", default="en")
    parser.add_argument("--host", default="", help="how the server is called in it")
    parser.add_argument("--domain", help="only what concerns this domain")
    parser.add_argument("--server", help="only what this server says, of several")
    parser.add_argument("--weekly", action="store_true", help="tell also what only weeks tell")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--keep", type=Path, help="write every form into this directory instead")
    parser.add_argument("--name", help="what the files in it are called")
    parser.add_argument("--page", action="store_true", help="as one JSON object that holds the HTML and the data")
    asked = parser.parse_args(arguments)
    if asked.last is not None and asked.last < asked.first:
        parser.error("--to is before --from")
    try:
        with Store.open(asked.store, read_only=True) as store:
            report = build(
                store, asked.first, until=asked.last, zone=asked.zone or local_zone(), language=asked.language, host=asked.host,
                domain=asked.domain, server=asked.server, weekly=asked.weekly,
            )  # fmt: skip
        if asked.keep is not None:
            keep(report, asked.keep, asked.name or asked.first.isoformat(), asked.domain or asked.host)
            return 0
    except (MailwardenError, OSError) as error:
        sys.stderr.write(f"{translator(asked.language).error(error)}\n")
        return 3
    if asked.page:
        sys.stdout.write(json.dumps({"html": report.as_html(), "data": report.as_data()}))
        return 0
    sys.stdout.write(json.dumps(report.as_data()) + "\n" if asked.json else report.as_text())
    return 0


def keep(report: Report, directory: Path, name: str, host: str) -> None:
    """Write every form of a report into a directory, each whole or not at all; `NAME.quiet` where nothing needs anybody.

    Raises:
        OSError: A file cannot be written.
    """
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    forms = {
        "txt": report.as_text().encode(),
        "html": report.as_html().encode(),
        "json": json.dumps(report.as_data()).encode(),
        "csv": report.as_csv().encode("utf-8-sig"),
        "eml": report.as_mail(host or "localhost", datetime.now(UTC)).as_bytes(),
    }
    quiet = directory / f"{name}.quiet"
    if report.is_quiet():
        quiet.touch(0o640)
    else:
        quiet.unlink(missing_ok=True)
    for suffix, data in forms.items():
        path = directory / f"{name}.{suffix}"
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(data)
        new.chmod(0o640)
        os.replace(new, path)  # noqa: PTH105 - its atomicity is the point


if __name__ == "__main__":
    sys.exit(main())
