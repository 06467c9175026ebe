"""What each rule finds, as a sentence with places: loaded once, for it takes a quarter of a second."""

import threading
from collections.abc import Mapping

from mailwarden.pipeline.configuration.configuration import Configuration
from mailwarden.pipeline.showing.titles import titles_of_all

__all__ = ["Titles"]


class Titles:
    """Titles of the rules in force, by name."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()
        self._titles: Mapping[str, str] | None = None

    def warm(self) -> None:
        """Load them beside everything else, so that no page waits for it."""
        threading.Thread(target=self.all, name="titles", daemon=True).start()

    def all(self) -> Mapping[str, str]:
        """Give them all."""
        with self._lock:
            if self._titles is None:
                self._titles = titles_of_all(self._configuration)
            return self._titles
