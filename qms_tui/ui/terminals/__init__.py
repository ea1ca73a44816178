"""The terminals that a screen shows, over the keeper's sockets: no Textual, and no daemon in between."""
