"""Code of the user's own that misbehaves, as the text of a file `bad.py`."""

from hypothesis import strategies as st

FILE = "bad.py"
BEGINNING = "import os, sys, warnings\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n"
RAISES = (
    "raise ValueError('a fault')", "raise Exception", "raise KeyError(3)", "raise SystemExit",
    "sys.exit(0)", "sys.exit(1)", "sys.exit('words')", "sys.exit(10**30)", "raise StopIteration",
    "raise GeneratorExit", "raise MemoryError", "raise RecursionError('x')", "assert False",
    "raise OSError(28, 'No space left on device')", "raise OSError('No space left on device')",
    "raise FileNotFoundError('nothing')", "raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'y')",
    "raise ValueError('x' * 100000)",
    "raise ValueError('a\\nTraceback (most recent call last):\\nb')",
    "raise ValueError('\\nerror: mine')", "raise ValueError(object())",
    "raise BaseException('b')", "class Own(BaseException):\n        pass\n    raise Own()",
    "1 / 0", "f = lambda: f()\n    f()",
    "class Mute(Exception):\n        def __str__(self):\n            raise ValueError\n"
    "    raise Mute()",
    "jnp.zeros(3) + jnp.zeros(4)", "np.zeros(3)[7]", "jnp.reshape(jnp.zeros(3), (2, 2))",
    "undefined", "from rum_jax.core.errors import InputError\n    raise InputError('mine')",
    "from rum_jax.core.errors import RunError\n    raise RunError('mine')",
)
QUIET = ("print('x')", "warnings.warn('x')", "os.chdir('/')", "np.random.seed(0)",
         "sys.argv.clear()", "os.environ.clear()", "np.seterr(all='raise')")
RETURNS = ("None", "...", "0", "'x'", "()", "[]", "{}", "object()", "np.nan", "np.inf", "10**400",
           "-1", "1j", "True", "np.zeros(0)", "np.zeros(3)", "np.float64(1)", "np.array(1)",
           "np.array('x')", "jnp.zeros(())", "lambda: 0", "(x for x in ())", "np", "b'x'",
           "np.ma.masked", "np.datetime64('now')", "(1, 2, 3)", "float", "-0.0")
METRICS = ("Measured(1.0, None)", "Measured(1.0, np.zeros(2))", "Measured(1.0, [1, 2])",
           "Measured(np.nan)", "Measured('x')", "Measured(1.0, np.array([object()]))",
           "Measured(1.0, np.zeros(len(view.logits)))", "view", "view.logits", "oracle.params",
           "Measured(None)", "(1.0, np.zeros(3))", "Measured(1.0, 'x')")
MUTATIONS = ("view.logits[:] = 0", "oracle.logits[:] = 0", "view.labels[:] = 0",
             "view.parts['forget'][:] = 0", "view.parts.clear()", "view.parts['test'] = None",
             "jax.tree.map(lambda leaf: np.asarray(leaf).fill(0), oracle.params)",
             "view.labels.sort()", "view.logits.flags.writeable = True; view.logits[:] = 7")
ALGORITHMS = (
    "states.params", "(states,)", "(states, None)", "(states, 1, 2)", "(None, None)", "[states]",
    "(states, {})", "states.replace(params=None)", "states.replace(params={})",
    "states.replace(opt_state=None)", "states.replace(model_state=None)", "type(states)",
    "states.replace(params=jax.tree.map(lambda leaf: leaf * np.nan, states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf.astype(int), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf.astype(complex), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf.astype(np.float16), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: np.float64(leaf), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf.astype(bool), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: np.array(leaf, object), states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf[:1], states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf[..., None], states.params))",
    "states.replace(params=jax.tree.map(lambda leaf: leaf.tolist(), states.params))",
    "jax.tree.map(lambda leaf: leaf, states)", "jax.tree.map(jnp.asarray, states)",
    "(states, History(np.zeros((2, 0), np.float32), 0))", "(states, History(np.zeros(3), 0))",
    "(states, History(np.zeros((1, 4)), 0))", "(states, History(None, None))",
    "(states, History(np.full((2, 3), np.nan), 1))", "(states, History('x', 'y'))",
    "(states, History(np.zeros((2, 3)), -1))", "(states, History(np.zeros((2, 3)), 10**400))",
    "(states, History(np.zeros((2, 3)), 1.5))", "(states, History([[1], [2]], 1))",
    "(states, History(np.zeros((2, 3), complex), 1))", "(states, History(np.zeros((2, 2, 2)), 1))",
)
STATES = (
    "jax.tree.map(lambda leaf: np.asarray(leaf).setflags(write=True), states)",
    "[np.copyto(leaf, 0) for leaf in jax.tree.leaves(states) if isinstance(leaf, np.ndarray)]",
    "del problem", "problem.forget[:] = 0", "problem.retain[:] = 0",
    "problem.task.images[:] = 0", "problem.task.labels[:] = 0", "problem.progress(float('nan'))",
    "problem.progress('x')", "problem.draw(0, 'x')",
)
REFINEMENTS = (
    "{'low': np.arange(6)}", "{'low': np.arange(3), 'high': np.arange(3, 6)}",
    "{'low': [0, 1], 'mid': [2, 3], 'high': [4, 5]}", "{'low': [0, 1, 2], 'high': [2, 3, 4, 5]}",
    "{'low': [0], 'high': [1]}", "{'low': []}", "{'x': np.arange(6)}", "{0: np.arange(6)}",
    "{'low': np.arange(6.0)}", "{'low': np.arange(6)[None]}", "{'low': 'x'}", "{'low': None}",
    "{'low': np.arange(6) - 1}", "{'low': np.arange(6, dtype=np.uint8)}", "{'low': {0, 1}}",
    "{'low/../x': np.arange(6)}", "{'low_/../../x': np.arange(6)}", "{'low_$a$': np.arange(6)}",
    "{'low_' + 'x' * 300: np.arange(6)}", "{'high_\\n': np.arange(6)}", "{'low_ä': np.arange(6)}",
    "{'low': np.arange(6) == 0}", "{'mid_' + str(i): [i] for i in range(6)}",
    "{'low': [[0, 1], [2]], 'high': [3, 4, 5]}", "{'low': [10**30], 'high': [1, 2, 3, 4, 5]}",
    "[np.arange(6)]", "{'low': generator.permutation(6)}", "{'low': range(6)}", "examples",
    "{'low': np.argsort(examples['x'])}", "{'low': np.argsort(examples['entanglement'])}",
    "{'low': np.argsort(generator.random(6))[:generator.integers(1, 6)]}",
)
EXAMPLES = ("examples['memorization'][:] = 0", "examples['label'][:] = 0", "generator.random(7)",
            "list(examples.values())")
SIGNATURES = {
    "metric": ("view, oracle", "view, oracle=None", "*a", "view, oracle, more", "", "view",
                         "view, *, oracle", "view, oracle, **k"),
    "algorithm": ("problem, states", "problem, states, *, epochs=2", "problem",
                            "problem, states, *, rate=None", "problem, states, *, rate=np.nan",
                            "problem, states, *, rate", "problem, states, *, rate=(1,)",
                            "problem, states, **k", "problem, states, *, epochs=10**30",
                            "*a, **k", "problem, states, *, text='x'", "states, problem"),
    "refinement": ("examples, generator", "examples", "examples, generator, more=1", "*a"),
}
MODULES = (
    "syntax error (", "raise ValueError('x')", "sys.exit(0)", "raise SystemExit", "f = 3",
    "f = None", "f = print", "f = type", "class f:\n    def __init__(self, *a):\n        pass",
    "import nothing_of_that_name", "1 / 0", "\\ufeff", "def f(", "f = np.mean", "exit()",
    "raise BaseException", "\tx", "f = jax.jit(lambda a, b: a)",
    "import rum_jax.main\nf = rum_jax.main.main", "f = f", "async def f(view, oracle):\n    1",
    "def f(*a):\n    yield 1", "__name__ = 3\ndef f(a, b):\n    return 1.0", "del __file__",
    "sys.modules.pop(__name__, None)\ndef f(a, b):\n    return 1.0",
)
# What would spoil the process of the tests; for processes of their own.
SPOILING = (
    "import os\n    os._exit(0)",
    "import rum_jax.core.records\n    rum_jax.core.records.write_json = None",
    "import sys\n    sys.stderr = None", "import sys\n    sys.stdout.close()",
    "import numpy as np\n    np.mean = None",
    "import os, signal\n    os.kill(os.getpid(), signal.SIGINT)",
    "import builtins\n    builtins.open = None",
    "import threading\n    threading.Thread(target=f).start()",
    "import atexit\n    atexit.register(lambda: 1 / 0)",
    "import jax\n    jax.config.update('jax_enable_x64', True)",
)
GOOD = {
    "metric": "1.0", "algorithm": "states", "refinement": "{'low': [0, 1, 2], 'high': [3, 4, 5]}",
}
SPECIAL = {"metric": METRICS, "algorithm": ALGORITHMS, "refinement": REFINEMENTS}
CHANGES = {"metric": MUTATIONS, "algorithm": STATES, "refinement": EXAMPLES}


def fields(role: str) -> dict[str, str]:
    """Fields that name `bad.py:f` in a role: metric, algorithm or refinement."""
    rows = {"algorithm": "('vanilla:bad.py:f','vanilla:finetune')",
            "refinement": "('rum_f:finetune[by=bad.py:f]','vanilla:finetune')"}
    if role == "metric":
        return {"metrics": "('bad.py:f','forget_kl')"}
    return {"rows": rows[role]}


@st.composite
def code(draw: st.DrawFn) -> tuple[str, str]:
    """(role, text of bad.py)."""
    role = draw(st.sampled_from(sorted(SPECIAL)))
    special = st.sampled_from(SPECIAL[role])
    kind = draw(st.sampled_from(["raises", "returns", "changes", "module", "signature"]))
    signature, before, returned = SIGNATURES[role][0], "pass", GOOD[role]
    if kind == "module":
        return role, BEGINNING + draw(st.sampled_from(MODULES)) + "\n"
    if kind == "raises":
        before = draw(st.sampled_from(RAISES))
    elif kind == "returns":
        returned = draw(st.one_of(special, special, st.sampled_from(RETURNS)))
    elif kind == "changes":
        before = draw(st.sampled_from(CHANGES[role] + QUIET))
    else:
        signature = draw(st.sampled_from(SIGNATURES[role]))
    imports = ("from rum_jax.evaluate.view import Measured\n"
               "from rum_jax.unlearn.base import History\n")
    return role, f"{BEGINNING}{imports}def f({signature}):\n    {before}\n    return {returned}\n"
