"""Whatever happens to a run, the next clean `doit` ends in exactly what a clean run would have made."""
