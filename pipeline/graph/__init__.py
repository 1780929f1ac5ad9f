"""What doit asks of us: which tasks there are, whether they are up to date, and what to say of them. No torch here."""
