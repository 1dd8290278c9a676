"""From a config to objects: data set, network, engine, recipe."""
