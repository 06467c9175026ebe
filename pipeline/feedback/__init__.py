"""What others report about our mail: DMARC aggregates, TLS reports and complaints, from files, folders and mailboxes.

Nothing is imported here: the settings are read by every command, the readers only by those that read.
"""
