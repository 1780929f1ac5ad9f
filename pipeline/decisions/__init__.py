"""What a model decides by numbers that rounding moves, and how near each decision came to flipping."""
