"""An index for other tools."""
