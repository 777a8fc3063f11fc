"""Stock: products, places, lots, moves, what is coming, what is promised, what can be promised."""
