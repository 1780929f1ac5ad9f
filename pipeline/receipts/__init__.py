"""What is known of an artifact: whether it is up to date, where it comes from, and where else it may come from."""
