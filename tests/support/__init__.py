"""What the tests share: real projects, a C++ side that compiles at once, and steps that start at once."""
