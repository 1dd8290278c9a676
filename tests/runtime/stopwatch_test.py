import time

import jax
import jax.numpy as jnp
import pytest
from jax._src import monitoring

from rum_jax.runtime.stopwatch import _listen, stopwatch, union_length


@pytest.mark.parametrize("intervals, length", [
    ([], 0), ([(1, 3)], 2), ([(0, 4), (1, 2)], 4), ([(2, 3), (0, 1)], 2), ([(0, 2), (1, 3)], 3)])
def test_length_of_a_union(intervals, length):
    assert union_length(intervals) == length


def test_compilation_is_not_counted_and_work_is():
    def slow_to_compile(x):
        for i in range(400):
            x = jnp.sin(x + i) * jnp.cos(x)
        return x

    start = time.monotonic()
    with stopwatch() as seconds:
        jax.jit(slow_to_compile)(jnp.ones(3)).block_until_ready()
        time.sleep(0.05)
        counted = seconds()
    assert 0.05 <= counted < 0.5 * (time.monotonic() - start) + 0.05


def test_the_compiler_is_listened_to_once():
    for _ in range(3):
        with stopwatch():
            listeners = monitoring.get_event_duration_listeners()
            assert sum(listener is _listen for listener in listeners) == 1
