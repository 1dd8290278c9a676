"""Hyper-parameters by successive halving, on data seeds that no result is computed with."""
