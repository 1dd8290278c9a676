"""Configs: every field with its comment (`base`), its allowed values (`schema`), and checks."""
