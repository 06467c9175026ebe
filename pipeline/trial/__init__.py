"""Try rules before they count: on their cases, and on what happened here."""
