"""What an index is on disk: names of files, manifest, tables, types of its values."""
