"""Leases: several processes share pieces of work through a folder, without a server.

A process claims a piece by creating `leases/<name>.<generation>`; the highest generation counts.
While it runs, it rewrites its heartbeat, the file `workers/<id>.json`. Another process may claim
the piece with the next generation if the holder's heartbeat has not changed for the length of the
lease, by the clock of the process that waits; if it says that the holder has ended; or if the
holder ran on the same machine and no longer exists. Clocks of machines are never compared.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

from rum_jax.runtime.progress import say
from rum_jax.storage.object_store import Folder

LEASES, WORKERS = "leases", "workers"
BEATS_PER_LEASE = 4


def identity(index: int) -> dict:
    """This process as JSON values: unique `id`, worker number, host, boot, pid, start time."""
    host, pid = socket.gethostname(), os.getpid()
    return {"id": f"{index:04d}-{host}-{pid}-{uuid.uuid4().hex[:8]}", "worker": index,
            "host": host, "boot": _boot(), "pid": pid, "started_ticks": _started_ticks(pid)}


def _boot() -> str:
    """Boot id and PID namespace; only where both agree can pids be compared. "" if unknown."""
    path = pathlib.Path("/proc/sys/kernel/random/boot_id")
    space = pathlib.Path("/proc/self/ns/pid")
    parts = [path.read_text().strip()] if path.exists() else []
    with contextlib.suppress(OSError):
        parts.append(os.readlink(space))
    return " ".join(parts)


def _started_ticks(pid: int) -> int | None:
    """When a process began, in ticks since the boot, which no change of the clock moves.

    None where the system does not tell, or has no such process.
    """
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _holder(content: bytes) -> str:
    """The worker that a claim names; "", who never lives, if it is damaged."""
    name = content.decode(errors="replace").strip()
    return name if re.fullmatch(r"[\w.-]{1,255}", name) else ""


class Leases:
    """The claims of this process, its heartbeat, and which other holders are alive.

    Args:
      folder: shared by all processes.
      process: from `identity`; may have more JSON values, which the heartbeat then has, too.
      lease_seconds: a worker whose heartbeat has not changed for longer has lost its leases.
      clock: gives monotonic seconds; tests pass their own.
    """

    def __init__(self, folder: Folder, process: dict, lease_seconds: float,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self.process = folder, process
        self._lease, self._clock = lease_seconds, clock
        self._holders: dict[str, str] = {}  # claim file -> worker id, while it is there
        self._seen: dict[str, tuple[object, float]] = {}  # worker id -> its beat, since when
        self._beat = 0

    @property
    def id(self) -> str:
        """Name of this process among the workers."""
        return self.process["id"]

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Keeps the worker's file fresh while the context lasts."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(self._lease / BEATS_PER_LEASE):
                try:
                    self.beat()
                except Exception as error:  # stores raise many kinds; the next may succeed
                    say(f"could not write the heartbeat of this worker ({error})")

        self.beat()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            with contextlib.suppress(Exception):  # the lease runs out instead
                self.beat(ended=True)

    def add_to_heartbeat(self, **about: object) -> None:
        """Adds JSON values to the worker's heartbeat file, from the next write on."""
        self.process = {**self.process, **about}

    def beat(self, ended: bool = False) -> None:
        """Writes the heartbeat file, which says that this process runs, or has ended."""
        self._beat += 1
        about = {**self.process, "beat": self._beat, "ended": ended}
        self._folder.put(f"{WORKERS}/{self.id}.json",
                         (json.dumps(about, indent=1) + "\n").encode())

    def take(self, names: Sequence[str], done: Callable[[], set[str]]) -> list[str]:
        """Claims those of the names that are free; returns what this process now holds of them.

        Args:
          names: pieces of work.
          done: returns the names of finished pieces; called after claiming. Leases are removed
            only once their piece is finished, so a claimed piece that is not finished then is
            held by this process alone.
        """
        current, got = self._current(), []
        living = self._living({current[name][1] for name in names if name in current})
        for name in names:
            generation, holder = current.get(name, (-1, None))
            if holder == self.id:
                got.append(name)
            elif holder not in living:
                file = f"{LEASES}/{name}.{generation + 1:04d}"
                if self._folder.create(file, self.id.encode()):
                    got.append(name)
        finished = done()
        self.release([name for name in got if name in finished])
        return [name for name in got if name not in finished]

    def held(self, names: Sequence[str]) -> list[str]:
        """Those of the names that this process still holds."""
        current = self._current()
        return [name for name in names if current.get(name, (0, ""))[1] == self.id]

    def release(self, names: Sequence[str]) -> None:
        """Removes all leases on pieces that are finished."""
        expected = set(names)
        for file in self._folder.names(LEASES):  # ascending: the highest generation last
            if file.rpartition(".")[0] in expected:
                self._folder.remove(f"{LEASES}/{file}")

    def holders(self) -> dict[str, str]:
        """Name of each piece that someone who lives holds -> that worker's id."""
        current = self._current()
        living = self._living({holder for _, holder in current.values()})
        return {name: holder for name, (_, holder) in current.items() if holder in living}

    def _current(self) -> dict[str, tuple[int, str]]:
        """name -> (generation, worker id) of every claim that counts."""
        claims: dict[str, tuple[int, str]] = {}
        files = self._folder.names(LEASES)
        self._holders = {file: self._holders[file] for file in files if file in self._holders}
        for file in files:
            name, _, generation = file.rpartition(".")
            if not name or not re.fullmatch(r"[0-9]{1,9}", generation):
                continue
            if file not in self._holders:
                content = self._folder.get(f"{LEASES}/{file}")
                if content is None:  # finished meanwhile
                    continue
                self._holders[file] = _holder(content)
            claims[name] = max(claims.get(name, (-1, "")), (int(generation), self._holders[file]))
        return claims

    def _living(self, workers: set[str]) -> set[str]:
        return {worker for worker in workers
                if worker == self.id or self.lives(worker)}

    def lives(self, worker: str) -> bool:
        """Whether a worker has not ended and its heartbeat has changed within the lease."""
        content = self._folder.get(f"{WORKERS}/{worker}.json") if worker else None
        if content is None:
            return False
        try:
            about = json.loads(content)
            if about["ended"] or self._gone(about):
                return False
            beat = about["beat"]
        except (ValueError, LookupError, TypeError, RecursionError):  # not whole: silent, not gone
            beat = content
        before, since = self._seen.get(worker, (None, 0.0))
        now = self._clock()
        if before != beat:
            self._seen[worker] = (beat, now)
            return True
        return now - since <= self._lease

    def _gone(self, about: dict) -> bool:
        """Whether a process of this machine does not exist any more."""
        if (about["host"], about["boot"]) != (self.process["host"], self.process["boot"]):
            return False
        return self.process["started_ticks"] is not None and (
            _started_ticks(about["pid"]) != about["started_ticks"])
