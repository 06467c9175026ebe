"""What people ask of what was counted: who sends, who reads, what is due, how we stand."""
