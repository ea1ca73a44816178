"""What serves the core to its clients over the API."""
