"""Sales orders: what customers ordered, as history and as open promises."""
