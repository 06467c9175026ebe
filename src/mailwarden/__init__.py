"""mailwarden reads mail-server logs and tells a person, early and once, what is going wrong."""

__all__ = ["__version__"]

__version__ = "0.1.0"
