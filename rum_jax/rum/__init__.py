"""The method: rows, the chain of steps that they stand for, and the points of a sweep."""
