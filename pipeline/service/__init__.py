"""What runs for ever behind `mailwarden run`, and what it does beside the fold."""
