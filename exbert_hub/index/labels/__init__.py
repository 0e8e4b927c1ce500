"""The user's own labels, attached to a finished index."""
