"""How claims are decided from replicates: contrasts, verdicts, power and calibration.

A replicate is a data seed with its own split, label noise, models, oracles and forget sets. It is
the unit of every interval and test; model seeds of a replicate are averaged.
"""
