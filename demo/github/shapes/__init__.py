"""Values of the stand-in as the JSON that GitHub answers, one module for each kind of thing."""
