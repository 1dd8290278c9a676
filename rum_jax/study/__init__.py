"""The stages of a study, from the data to the evaluation."""
