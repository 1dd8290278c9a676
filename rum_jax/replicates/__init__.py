"""Studies over replicates: splits of one data set, each with its own models and forget sets."""
