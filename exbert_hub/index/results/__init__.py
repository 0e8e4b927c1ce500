"""What a search results in: matches in their sentences, histograms, profiles over the layers."""
