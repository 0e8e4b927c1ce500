"""Indexes on the Hub: published, found, opened, described by their cards."""
