"""The programs that doit starts. They share helpers, and never import each other."""
