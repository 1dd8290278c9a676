"""Memorization campaigns: shards, workers, merging."""
