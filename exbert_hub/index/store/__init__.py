"""The files of an index, opened, checked and read: vectors, coarse stages, attention, base rates."""
