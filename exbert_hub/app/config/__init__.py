"""What the owner of a page decides."""
