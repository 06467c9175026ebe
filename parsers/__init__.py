"""Turn one log record into one event: the vocabulary, the envelopes, the wording of each server."""
