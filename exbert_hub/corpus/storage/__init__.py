"""Annotated corpora on disk."""
