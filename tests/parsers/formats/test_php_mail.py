"""What scripts hand to PHP's mail() is a stranger's text as often as not."""

import pytest

from mailwarden.parsers.envelope import Reader


@pytest.mark.parametrize("receivers", ["a:" * 4000, "(" * 4000, "a <" * 2000, '"' * 4000, ": " * 4000])
def test_receivers_without_end_stop_nothing(receivers: str) -> None:
    """Groups within groups, comments within comments: the script is known all the same."""
    event = Reader(year=2026).read(
        f"[03-Mar-2026 04:05:06 UTC] mail() on [/var/www/form.php:7]: To: {receivers} -- Headers: X"
    )

    assert (event.event_action, event.file_path) == ("process-start", "/var/www/form.php")
