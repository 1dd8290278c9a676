"""The whole RUM study on scikit-learn's digits: real images, no download, minutes on a CPU.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits
"""

from rum_jax.config import base


def get_config():
    """The config; see `rum_jax/config/base.py` for every field."""
    return base.get_config()
