"""What people and machines are told of a run: on the screen, in the log, to CI."""
