"""What each kind of credential says, composed from frozen facts. Pure: no keys, no clock, no address is asked."""
