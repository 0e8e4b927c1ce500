"""Two models, two sentences, or one model with and without a head, side by side."""
