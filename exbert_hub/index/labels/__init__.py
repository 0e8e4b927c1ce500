"""Labels of one's own, attached to a finished index."""
