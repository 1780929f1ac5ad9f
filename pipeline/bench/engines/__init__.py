"""What runs a model in Python, a module for each kind; none imports another's library."""
