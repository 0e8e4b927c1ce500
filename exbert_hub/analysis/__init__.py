"""Pure functions on arrays and counts; imports none of the other rooms."""
