"""What travels between the page and the server, and what leaves the page."""
