"""The library: unlearn one's own model from arrays, with the code that the command runs.

`import rum_jax` offers all of it; see docs/library.md.
"""
