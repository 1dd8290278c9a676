"""Packages of the wheel: `rum_jax`, and the folder `configs` as `rum_jax.configs`.

All else is in setup.cfg, where `packages = find:` cannot name a package that lies elsewhere.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["rum_jax", "rum_jax.*"]), "rum_jax.configs"],
      package_dir={"rum_jax.configs": "configs"})
