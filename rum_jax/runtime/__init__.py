"""The running process: devices, processes, progress, time, provenance."""
