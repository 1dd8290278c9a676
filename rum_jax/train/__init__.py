"""Training of one model or many: one step, one loop, replaceable ways to run them.

The package is also the library's function `rum_jax.train(problem)`,
see `rum_jax/api/training.py`.
"""
