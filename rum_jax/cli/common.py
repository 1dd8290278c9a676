"""What every command does first and last: flags, devices, clear messages, exit codes."""

import contextlib
import os
import pathlib
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable

from rum_jax.config.overrides import Arguments, parse
from rum_jax.core.errors import InputError, RunError, one_line
from rum_jax.data.cache import cache_folder
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.runtime.xla import enable_compilation_cache, expose_cpu_cores
from rum_jax.storage.stage_cache import disk_is_full

EXIT_RUN, EXIT_INPUT, EXIT_INTERRUPTED = 1, 2, 130


def run_command(main: Callable[[Arguments], None], description: str | None,
                argv: list[str]) -> int:
    """Runs main with checked arguments; returns the exit code.

    0: done. 1: the run could not go on. 2: a bad input. 130: interrupted. The traceback of
    anything unforeseen goes to a file that the message names.
    """
    if {"-h", "--help"} & set(argv[1:]):
        print((description or "").strip())
        return 0
    workdir, threading.excepthook = "", _say_of_thread
    try:
        arguments = parse(argv)
        workdir = arguments.workdir
        _prepare(arguments)
        main(arguments)
    except InputError as error:
        return _fail(error, EXIT_INPUT)
    except RunError as error:
        return _fail(error, EXIT_RUN)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on after the last finished stage",
              file=sys.stderr)
        return EXIT_INTERRUPTED
    except BaseException as error:  # SystemExit, too: nothing here ends a run with it
        if _disk_is_full(error):
            return _fail(f"no space left on the device of {workdir}; make room and run the same "
                         "command again, finished stages are kept", EXIT_RUN)
        return _fail(_environment_fault(error) or _unforeseen(error), EXIT_RUN)
    return 0


def _say_of_thread(failed: threading.ExceptHookArgs) -> None:
    """One line on an error that ended a thread, as one that a user's own code has started."""
    error = failed.exc_value or failed.exc_type()
    where, _ = _raised_at(error)
    say(f"a thread ended with {one_line(error)}{f', in {where}' if where else ''}; the run goes on")


def _prepare(arguments: Arguments) -> None:
    """Devices, remembered programs and other processes of the run, before JAX is used."""
    engine = arguments.config.engine
    expose_cpu_cores(engine.devices, engine.cpu_threads)
    forgotten = _use_compilation_cache() if engine.remember_programs else None
    distributed.initialize(arguments.coordinator, arguments.processes, arguments.process)
    if distributed.is_writer():
        for note in (*arguments.notes, *([forgotten] if forgotten else [])):
            say(note)


def _use_compilation_cache() -> str | None:
    """Turns the compilation cache on; returns why that is not possible, else None."""
    cache = cache_folder()
    if cache is None:
        return ("There is no home folder, so that programs are compiled anew in each run; "
                "RUM_JAX_CACHE names a folder to remember them in.")
    try:
        (cache / "programs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return (f"The cache {cache} cannot be written ({error.strerror}), so that programs are "
                "compiled anew in each run; RUM_JAX_CACHE names another folder.")
    enable_compilation_cache(cache / "programs")
    return None


def _disk_is_full(error: BaseException) -> bool:
    with contextlib.suppress(Exception):  # a user's own class may do anything
        return disk_is_full(error)
    return False


def _environment_fault(error: BaseException) -> str | None:
    """What to say of errors that come from the machine, not from a fault in a program."""
    text, users = one_line(error), _raised_at(error)[1]
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        return (f"there is too little memory ({text}); allowed: less, by a smaller "
                "config.train.batch_size, config.campaign.group_size, or fewer config.seeds")
    if "Unable to initialize backend" in text or "Unknown backend" in text:
        return (f"JAX cannot use the devices that are asked for ({text}); JAX_PLATFORMS is "
                f"{os.environ.get('JAX_PLATFORMS', '')!r}; allowed: cpu, cuda, tpu or '', with a "
                "jax that is installed for them")
    if isinstance(error, OSError) and error.filename is not None and not users:
        return (f"{error.filename}: {error.strerror}; mend that and run the same command again, "
                "finished stages are kept")
    return None


def _unforeseen(error: BaseException) -> str:
    """What to say of an error that nothing here expects, with where its traceback is."""
    where, users = _raised_at(error)
    lines = [f"{one_line(error)}{f', in {where}' if where else ''}"]
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(prefix="rum_jax_error_", suffix=".txt")
        with os.fdopen(handle, "w", errors="backslashreplace") as file:
            file.write(_traceback(error))
        lines.append(f"its traceback is in {name}")
    if users:
        lines.append("that file is not part of rum_jax; mend it and run the same command again")
    else:
        lines.append("this is a fault of rum_jax, which should have said what is wrong; please "
                     "report it with that file; finished stages are kept")
    return "; ".join(lines)


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # a user's own class may do anything
        return "".join(traceback.format_tb(error.__traceback__)) + one_line(error)


def _raised_at(error: BaseException) -> tuple[str, bool]:
    """Where an error was raised, and whether the user's own code was running.

    Returns:
      `file:line` of the innermost frame in the user's own code, else of the innermost of all ("" if
      there is none); and whether any frame is in the user's own code.
    """
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if _is_users(frame.filename)]
    return next((f"{frame.filename}:{frame.lineno}" for frame in reversed(outside or frames)),
                ""), bool(outside)


def _is_ours(path: str) -> bool:
    return path.startswith(f"{pathlib.Path(__file__).parents[1]}{os.sep}")


def _is_users(path: str) -> bool:
    """Whether a file is neither of this package, nor of an installed one, nor of Python."""
    installed = (os.path.dirname(os.__file__), sys.prefix, sys.base_prefix, "<")
    parts = pathlib.Path(path).parts
    return not (_is_ours(path) or path.startswith(installed) or "site-packages" in parts
                or "dist-packages" in parts)


def _fail(error: Exception | str, code: int) -> int:
    print(f"\nerror: {error}", file=sys.stderr)
    return code
