"""What an event says beside what its client fills."""

from mailwarden.parsers.event import Event, to_ecs


def without(event: Event, *names: str) -> dict[str, object]:
    """Give what an event says but for the fields that the client fills."""
    return {name: value for name, value in to_ecs(event).items() if name not in names}
