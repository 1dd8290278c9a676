"""Memorization and influence by training many models on random subsets (Feldman & Zhang 2020)."""
