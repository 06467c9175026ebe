"""The report of a day: the verdict first, then what changed, and one line for each thing that is as usual.

It is the only door to pandas (0.3 s, 100 MiB), so it is made in a process of its own and never by the service.
"""

from mailwarden.pipeline.report.daily import Report, build

__all__ = ["Report", "build"]
