"""What this site has seen so far, what is ours and what is usual here: facts about each event."""
