"""Rules: Sigma files read, checked and compiled to what the stream is asked."""
