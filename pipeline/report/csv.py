"""A report's tables as CSV: for a spreadsheet, with nothing in it that a spreadsheet would run."""

import csv
import io

from mailwarden.alerts.words.escape import cell
from mailwarden.pipeline.report.document import Document

__all__ = ["as_csv"]


def as_csv(document: Document) -> str:
    """Write all tables below each other: a line of their section's name, their head, their rows (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([cell(document.verdict)])
    for section in document.sections:
        if section.stories:
            writer.writerow([])
            writer.writerow([cell(section.heading)])
            for story in section.stories:
                writer.writerow([cell(one) for one in (story.short, story.severity, story.title, story.state)])
        if section.grid is not None and section.grid.rows:
            writer.writerow([])
            writer.writerow([cell(section.heading)])
            writer.writerow([cell(one) for one in section.grid.head])
            writer.writerows([[cell(one) for one in row] for row in section.grid.rows])
    return out.getvalue()
