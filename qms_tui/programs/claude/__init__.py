"""Claude Code: everything that is known of it."""
