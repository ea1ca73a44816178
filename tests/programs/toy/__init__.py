"""A second program, as somebody would add it: this folder, and one line in the registry."""
