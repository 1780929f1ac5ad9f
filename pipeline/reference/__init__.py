"""The reference: what eager Python, and the archive in Python, make of the inputs, and how exact that is."""
