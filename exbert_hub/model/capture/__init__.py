"""How attention and head contexts are recorded from any architecture."""
