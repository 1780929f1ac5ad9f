"""How an output is held against its reference: by structure, form and value, under a rule, and by its ranking."""
