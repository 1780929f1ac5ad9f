"""A model: built, filled with weights, saved as an archive, and given samples to run on."""
