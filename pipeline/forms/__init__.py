"""The forms in which ts-infer runs an archive: how they are made, and which one is right for a model."""
