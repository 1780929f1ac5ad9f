"""The benchmark: the same model, weights and inputs through ts-infer and through others.

The step's own process stays small and imports no torch: each contender, and all that needs torch, is a child. What
they share lies in a folder that lives as long as the benchmark, described by its `Bundle`.
"""
