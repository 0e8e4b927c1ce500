"""What heads and layers do beyond attention: norms, logit lens."""
