"""The queue, the answers people give, and what follows from them."""
