"""What others report about our mail: DMARC aggregates, TLS reports and complaints, from files and mailboxes."""

from mailwarden.pipeline.feedback.reading import Reading, Report, read_reports

__all__ = ["Reading", "Report", "read_reports"]
