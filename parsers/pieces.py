"""Lines that Docker or Kubernetes cut into pieces, until their last one has come."""

from mailwarden.parsers.event import Event
from mailwarden.parsers.raw import record_id
from mailwarden.parsers.wrapped import Wrapped

__all__ = ["PIECES_MAX", "Pieces"]

PIECES_MAX = 65_536
"""Characters kept of a line that was cut into pieces."""


class Pieces:
    """The lines of one source that are not whole yet; standard output and standard error are cut apart.

    Args:
        begun: What a snapshot held.
    """

    def __init__(self, begun: dict[str, list[str]] | None = None) -> None:
        self._begun = {stream: (piece[0], piece[1]) for stream, piece in (begun or {}).items()}

    def join(self, event: Event, piece: Wrapped) -> str | None:
        """Give a line with its last piece; None until that has come: then the event goes on with a record."""
        first, before = self._begun.pop(piece.stream, ("", ""))
        text = before + piece.text if len(before) < PIECES_MAX else before
        if piece.whole:
            event.event_id = first or None
            return text
        first = first or record_id(event.event_original)
        self._begun[piece.stream] = (first, text[:PIECES_MAX])
        event.event_action, event.event_id = "continuation", first
        return None

    def snapshot(self) -> dict[str, list[str]]:
        """Give what the next pieces hang on: by stream the id of the first one, and the text so far."""
        return {stream: list(piece) for stream, piece in self._begun.items()}
