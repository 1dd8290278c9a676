"""Folders that several processes share, stages that are finished, the workdir."""
