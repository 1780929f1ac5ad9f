"""Whether C++ agrees: what is asked of ts-infer, where the numbers part, and how the verdict is told."""
