"""Haraka 2.5 to 3.3: what its core and its plugins write, by its own logger, in each of its three formats."""

from mailwarden.parsers.formats.haraka import core, hooks, outbound, plugin
from mailwarden.parsers.formats.haraka.prefix import FORMAT, claim, claim_text

__all__ = ["FORMAT", "claim", "claim_text", "core", "hooks", "outbound", "plugin"]
