"""What every head of a model does over a corpus, measured while an index is built."""
