"""What agents take on disk: measured now and then, told, and stopped at their limit."""
