"""Rules and detectors at work on the stream: events with facts in, findings out."""
