import os

import jax

from rum_jax.runtime import xla


def test_the_users_own_number_of_host_devices_is_kept(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=8")
    xla.expose_cpu_cores(64)
    assert len(jax.devices()) == 8


def test_the_size_of_the_thread_pool_is_told_to_xla(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=8")
    monkeypatch.setenv("NPROC", "3")
    xla.expose_cpu_cores(0)
    assert os.environ["NPROC"] == "3"
    xla.expose_cpu_cores(0, threads=5)
    assert os.environ["NPROC"] == "5"
