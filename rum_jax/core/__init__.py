"""Foundations: errors, checks of inputs, random addresses, files."""
