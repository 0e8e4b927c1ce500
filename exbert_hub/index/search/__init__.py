"""From one piece of a text to the corpus pieces nearest to it, described and summed up."""
