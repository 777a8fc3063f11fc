"""What joins two rooms: imports, reactions to messages, and later rules and their engine."""
