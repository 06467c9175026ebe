"""What people read, in their language: translations, advice, safe text."""
