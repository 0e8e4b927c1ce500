"""Texts in, annotated sentences out."""
