"""Memorization and influence by training many models on random subsets (Feldman & Zhang 2020).

The package is also the library's function `rum_jax.memorization(problem, models=64)`,
see `rum_jax/api/scores.py`.
"""
