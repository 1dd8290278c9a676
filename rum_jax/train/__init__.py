"""Training of one model or many: one step, one loop, replaceable ways to run them."""
