"""Long lists are shown a page at a time."""

from typing import TypeVar

__all__ = ["page_of", "pages_of"]

T = TypeVar("T")


def pages_of(total: int, size: int) -> int:
    """Say how many pages a list has; an empty one has one, too."""
    return max(1, -(-total // size))


def page_of(found: list[T], number: int, size: int) -> tuple[list[T], int, int]:
    """Give what stands on a page, which page that is (the last one where it lies behind), and how many there are."""
    pages = pages_of(len(found), size)
    page = min(number, pages)
    return found[(page - 1) * size : page * size], page, pages
