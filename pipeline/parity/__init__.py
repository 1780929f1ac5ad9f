"""Whether two sides agree: what both run on, how outputs are judged, and how the verdict is shown."""
