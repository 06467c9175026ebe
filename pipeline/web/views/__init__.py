"""What each page shows: typed values, taken from the store for one visitor in their language, and no markup."""
