"""CPU cores for the library."""

import jax

from rum_jax.runtime.progress import say
from rum_jax.runtime.xla import expose_cpu_cores


def use_cpu_cores() -> int:
    """Gives JAX one CPU device for each core, so that as many models run at a time.

    To be called before JAX is first used; afterwards it changes nothing, and says so. On GPUs and
    TPUs it has no effect.

    Returns:
      How many devices JAX has.
    """
    try:
        expose_cpu_cores(0)
    except RuntimeError:  # JAX's own, where its devices are known already
        say(f"JAX is in use already, with {len(jax.devices())} device(s); call "
            "rum_jax.use_cpu_cores() before anything else of JAX")
    return len(jax.devices())
