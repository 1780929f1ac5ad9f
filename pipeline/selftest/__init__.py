"""Whether the gate can fail: faults are planted in copies of what is compared, and each must turn the verdict red."""
