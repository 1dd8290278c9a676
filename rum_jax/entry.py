"""What every command does first and last: flags, devices, clear messages, exit codes."""

import sys
from collections.abc import Callable

from rum_jax import hosts
from rum_jax.config.overrides import Arguments, parse
from rum_jax.data.cache import cache_folder
from rum_jax.devices import expose_cpu_cores, remember_programs
from rum_jax.errors import InputError, RunError
from rum_jax.store import disk_is_full

EXIT_RUN, EXIT_INPUT, EXIT_INTERRUPTED = 1, 2, 130


def run_command(main: Callable[[Arguments], None], description: str, argv: list[str]) -> int:
    """Runs main with checked arguments; returns the exit code.

    0: done. 1: the run could not go on. 2: a bad input. 130: interrupted. Anything unforeseen
    keeps its traceback.
    """
    if {"-h", "--help"} & set(argv[1:]):
        print(description.strip())
        return 0
    try:
        arguments = parse(argv)
        engine = arguments.config.engine
        expose_cpu_cores(engine.devices, engine.cpu_threads)
        if engine.remember_programs:
            remember_programs(cache_folder() / "programs")
        hosts.join(arguments.coordinator, arguments.processes, arguments.process)
        main(arguments)
    except InputError as error:
        return _fail(error, EXIT_INPUT)
    except RunError as error:
        return _fail(error, EXIT_RUN)
    except Exception as error:
        if not disk_is_full(error):
            raise
        return _fail(f"no space left on the device of {arguments.workdir}; make room and run "
                     "the same command again, finished stages are kept", EXIT_RUN)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on after the last finished stage",
              file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _fail(error: Exception | str, code: int) -> int:
    print(f"\nerror: {error}", file=sys.stderr)
    return code
