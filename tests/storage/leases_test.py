import json
import subprocess
import sys

import pytest
from toy import ROOT

from rum_jax.storage.leases import Leases, identity
from rum_jax.storage.object_store import Local


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def folder(tmp_path):
    return Local(tmp_path)


@pytest.fixture
def clock():
    return Clock()


def nothing():
    return set()


def on_host(folder, clock, host, lease=10.0):
    """A worker that looks as if it were on that machine."""
    leases = Leases(folder, {**identity(0), "host": host}, lease, clock)
    leases.beat()
    return leases


def test_a_piece_is_held_by_one(folder, clock):
    first, second = (on_host(folder, clock, host) for host in "ab")
    assert first.take(["1", "2"], nothing) == ["1", "2"]
    assert second.take(["2", "3"], nothing) == ["3"]
    assert first.take(["2"], nothing) == ["2"], "what one holds is one's own"
    assert first.held(["1", "2", "3"]) == ["1", "2"] and second.held(["2", "3"]) == ["3"]
    assert first.holders() == {"1": first.id, "2": first.id, "3": second.id}


def test_the_silent_lose_their_pieces_after_the_lease(folder, clock):
    first, second = (on_host(folder, clock, host) for host in "ab")
    first.take(["1"], nothing)
    assert second.take(["1"], nothing) == []
    clock.now = 10.0
    assert second.take(["1"], nothing) == [], "the lease is not over"
    first.beat()
    clock.now = 19.0
    assert second.take(["1"], nothing) == [], "it has shown life"
    clock.now = 29.1
    assert second.take(["1"], nothing) == ["1"]
    assert first.held(["1"]) == [] and second.held(["1"]) == ["1"]


def test_of_two_that_take_over_one_succeeds(folder, clock):
    dead, *living = (on_host(folder, clock, host) for host in "abc")
    dead.take(["1"], nothing)
    for leases in living:
        leases.holders()
    clock.now = 11.0
    for leases in living:
        leases.beat()
    assert [leases.take(["1"], nothing) for leases in living] == [["1"], []]


def test_clocks_of_other_machines_are_not_looked_at(folder):
    early, late = Clock(), Clock()
    early.now, late.now = -1e6, 1e6
    first, second = on_host(folder, early, "a"), on_host(folder, late, "b")
    first.take(["1"], nothing)
    assert second.take(["1"], nothing) == []
    late.now += 9.9
    assert second.take(["1"], nothing) == []


def test_who_has_ended_holds_nothing(folder, clock):
    first, second = (on_host(folder, clock, host) for host in "ab")
    first.take(["1"], nothing)
    first.beat(ended=True)
    assert second.take(["1"], nothing) == ["1"]


def test_a_process_that_is_gone_from_this_machine_holds_nothing(folder, clock):
    program = ("import pathlib, sys; from rum_jax.storage.leases import *; "
               "from rum_jax.storage.object_store import Local; "
               "c = Leases(Local(pathlib.Path(sys.argv[1])), identity(1), 1e6); "
               "c.beat(); c.take(['1'], set); import os; os._exit(9)")
    done = subprocess.run([sys.executable, "-c", program, str(folder.root)],
                          cwd=ROOT)
    assert done.returncode == 9 and folder.names("leases") == ["1.0000"]
    leases = Leases(folder, identity(0), 1e6, clock)
    assert leases.take(["1"], nothing) == ["1"]


def test_what_was_finished_meanwhile_is_not_done_again(folder, clock):
    first, second = (on_host(folder, clock, host) for host in "ab")
    first.take(["1"], nothing)
    first.release(["1"])  # once it is finished
    assert second.take(["1", "2"], lambda: {"1"}) == ["2"]
    assert folder.names("leases") == ["2.0000"]


def test_a_worker_tells_of_itself_while_it_lives(folder):
    leases = Leases(folder, identity(3), 0.4)
    with leases.alive():
        leases.add_to_heartbeat(members=5)
        first = json.loads(folder.get(f"workers/{leases.id}.json"))
        assert first["worker"] == 3 and not first["ended"]
        while (later := json.loads(folder.get(f"workers/{leases.id}.json"))) == first:
            pass
        assert later["beat"] > first["beat"] and later["members"] == 5
    assert json.loads(folder.get(f"workers/{leases.id}.json"))["ended"]


def test_a_store_that_fails_once_does_not_silence_a_worker(folder, monkeypatch):
    put, failed = folder.put, []

    def fail_once(name, content):
        if not failed and b'"beat": 1,' not in content:
            failed.append(name)
            raise RuntimeError("token expired")
        put(name, content)

    monkeypatch.setattr(folder, "put", fail_once)
    leases = Leases(folder, identity(3), 0.4)
    with leases.alive():
        while json.loads(folder.get(f"workers/{leases.id}.json"))["beat"] < 3:
            pass
    assert failed


def test_a_worker_file_that_is_not_whole_is_silent_but_not_gone(folder, clock):
    first, second = (on_host(folder, clock, host) for host in "ab")
    first.take(["1"], nothing)
    folder.put(f"workers/{first.id}.json", b"")
    assert second.take(["1"], nothing) == []
    clock.now = 10.1
    assert second.take(["1"], nothing) == ["1"]


def test_names_that_come_back_are_read_anew(folder, clock):
    first, second, third = (on_host(folder, clock, host) for host in "abc")
    first.take(["result"], nothing)
    assert third.holders() == {"result": first.id}
    first.release(["result"])
    assert third.holders() == {}
    second.take(["result"], nothing)
    first.beat(ended=True)
    assert third.take(["result"], nothing) == [], "the second one holds it now"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"a\0b", b"../../etc", b"x" * 5000, b"a\nb"])
def test_a_damaged_claim_is_void(folder, clock, content):
    folder.put("leases/1.0000", content)
    folder.put("leases/2.\xb2", b"no generation")
    worker = on_host(folder, clock, "a")
    assert worker.holders() == {} and worker.take(["1", "2"], nothing) == ["1", "2"]
    assert worker.held(["1", "2"]) == ["1", "2"]


@pytest.mark.parametrize("content", [
    b"\xff", b"[]", b"3", b"null", b"{}", b'{"ended": false, "host": "a"}', b"[" * 100_000,
    json.dumps({"ended": False, "beat": 1, "host": "a", "boot": "", "pid": "x/\0"}).encode()])
def test_a_damaged_workers_file_is_silence(folder, clock, content):
    folder.put("leases/1.0000", b"other")
    folder.put("workers/other.json", content)
    worker = on_host(folder, clock, "a")
    assert worker.take(["1"], nothing) == [], "silent, and not yet for long"
    clock.now = 11.0
    assert worker.take(["1"], nothing) == ["1"]
