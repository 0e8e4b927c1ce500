"""What answers the page: models, their indexes, builds, the queue."""
