"""What each head does: ranked, shown by examples, on a page of its own."""
