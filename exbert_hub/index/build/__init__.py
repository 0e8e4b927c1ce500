"""From annotated sentences to an index: plan, estimate, shards, merge."""
