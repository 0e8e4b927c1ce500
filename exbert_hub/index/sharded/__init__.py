"""Several indexes searched as one."""
