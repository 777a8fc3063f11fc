"""The Tallystick partner portal: rooms per business noun, doors above, ledger beside."""
