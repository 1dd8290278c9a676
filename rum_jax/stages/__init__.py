"""The stages of a study: each a function of files and arrays to a folder of files."""
