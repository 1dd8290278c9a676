"""Values of fields and flags that a command line may have: right ones, odd ones, wrong ones."""

from collections.abc import Iterator, Mapping

from hypothesis import strategies as st

from rum_jax.config import base

NUMBERS = ("0", "-0", "1", "-1", "2", "3", "0.5", "1.0", "-0.1", "1e-300", "1e300", "1e999",
           "-1e999", "nan", "inf", "-inf", "NaN", "10**30", "1" + "0" * 30, "1" * 5000, "1e4",
           "0x10", "1_000", "١", "½", "1,5", "+1", " 1", "1 ", "True", "False", "true", "None")
TEXTS = (
    "", " ", "'", '"', "x", "x" * 5000, "ä", "日本", "\U0001f600", "\t", "a\nb", "$", "$HOME", "~",
    "~/x", "~nobody_there/x", "..", "/", "/dev/null", "/proc/self/mem", "%s", "{}", "{0}", "\\",
    "-", "--", "=", "a=b", "a:b", ":", "::", "http://x", "gs://x", "s3://x", "memory://x",
    "file:///x", "null", "nan", "()", "lambda: 0", "__import__('os')", "x.py:f", ".py:f",
    "toy.npz:f", "own.py:f", "own.py:", "own.py:nothing", "own.py:np", "own.py:margin",
    "own.py:shrink", "own.py:halves", "./own.py:halves", "own].py:f", "a;b.py:f",
)
TUPLES = ("()", "(0,)", "(0,1)", "(1,0)", "(0,0)", "(0,1.0)", "(0,True)", "(0,'x')", "(0,None)",
          "((0,1),2)", "[0,1]", "{0,1}", "{'a': 1}", "(0,1", "0,1", "(0 1)", "('x',)", "(10**30,1)",
          "(-1,0)", "(nan,)", "range(3)", "(0,)*3", "(" * 300 + ")" * 300, "('x','x')", "('',)",
          f"({','.join(map(str, range(3000)))})", "(2147483647,2147483648)", "(0,1,)", "(),")
SETS = (
    "memorization", "memorization:", "memorization:mix", "memorization:high", "memorization:low",
    "memorization:mid", "memorisation:mix", "random", "random:3", "class:0", "class:2", "class:3",
    "class:-1", "class:x", "class:", "class:0,1", "class:1e0", "class:٣", "noise", "noise:x",
    "file:ids.txt", "file:", "file:nothing.txt", "file:.", "file:toy.npz", "file:~/x",
    "entanglement", "entanglement:high", "entanglement_score:40", "entanglement_score:-1",
    "entanglement_score:1e9", "entanglement_score:nan",
    "entanglement_score_ratio:0.5", "entanglement_score_ratio:0.5,memorization<0.1",
    "entanglement_score:40,memorization<", "entanglement_score:40,memorization<-0.9",
    "confidence:high", "binary_accuracy:low",
    "loss_curvature:mix", "class:0:1", "CLASS:0", " class:0", "x" * 400,
)
ALGORITHMS = (
    "finetune", "none", "retrain", "salun", "saln", "scrub", "boundary_expand", "influence",
    "own.py:shrink", "own.py:margin", "own.py:", "own.py", "", "x",
)
OPTIONS = ("by=memorization", "by=shuffled", "by=class", "by=memorization*entanglement",
           "by=memorization*memorization", "by=own.py:halves", "by=own.py:x", "by=x", "by=", "by",
           "subsets=3", "subsets=03", "subsets=2", "subsets=1", "subsets=100", "subsets=101",
           "subsets=٣", "subsets=-3", "subsets=1e1", "subsets=²", "order=ascending",
           "order=descending", "order=high-low-mid", "order=high-low", "order=low-low-mid",
           "order=-", "steps=merged", "steps=sequential", "steps=x", "x=1", "=", "")
GRIDS = ("learning_rate=0.01,0.1", "learning_rate=", "learning_rate", "=", ";", "x=1",
         "learning_rate=0.1;learning_rate=0.2", "learning_rate=0.1,0.1", "learning_rate=nan",
         "epochs=1.5", "epochs=1,2", "epochs=1e3", "high.learning_rate=0.1", "low.x=1", ".=1",
         "epochs=" + "9" * 5000)
LAUNCHING = ("--coordinator=", "--coordinator=auto", "--coordinator=x", "--coordinator=x:1",
             "--coordinator=:1", "--coordinator=x:99999", "--processes=0", "--processes=2",
             "--processes=x", "--process=-1", "--process=1", "--process=1e3")
ODD_FLAGS = (
    "--", "-", "---", "--config", "--config=", "--config.", "--config.=1", "--config.train",
    "--config.train=1", "--config.train={}", "--config.train.", "--config..train=1",
    "--config[train]=1", "--config.seeds[0]=1", "--config.seeds.0=1", "config.seeds=(0,1)",
    "--workdir", "--workdir=", "--workdir=toy.npz", "--workdir=/proc/x", "--workdir=http://x",
    "--noconfig.trace", "--config.trace", "--noconfig", "--x", "--x=1", "-v", "--v=x", "x", "",
    " ", "--helpfull", "--helpxml", "--flagfile=x", "--flagfile=ids.txt", "--undefok=x",
    "--config.train.epochs.x=1", "--config.__class__=1", "--config.to_dict=1",
    "--config.train.keys=1", "--config.unknown={}", "--config.vanilla.hparams.x.y=1",
    "--config=nothing.py", "--config=toy.npz", "--config=own.py", "--config=own.py:x",
    "--config=.", "--config=ids.txt",
)


def leaves(config: Mapping, path: str = "") -> Iterator[tuple[str, object]]:
    """(dotted name, default) of every field."""
    for name, value in config.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from leaves(value, inner)
        else:
            yield inner, value


FIELDS = dict(leaves(base.get_config().to_dict()))


@st.composite
def rows(draw: st.DrawFn) -> str:
    """A row's text, right or wrong."""
    head = draw(st.sampled_from(["vanilla", "rum_f", "rum", "rum_shuffled", "Rum", "", "x"]))
    text = head + draw(st.sampled_from([":", "", "::"])) * (head not in ("rum", "rum_shuffled"))
    text += draw(st.sampled_from(ALGORITHMS)) * (head not in ("rum", "rum_shuffled"))
    options = draw(st.lists(st.sampled_from(OPTIONS), max_size=3))
    brackets = draw(st.sampled_from(["[]", "[]", "[]", "[", "]", "][", "()"]))
    if options:
        text += brackets[:1] + draw(st.sampled_from([";", "; ", ","])).join(options) + brackets[1:]
    return text


def _tuple_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(texts, max_size=3).map(lambda items: repr(tuple(items)))


def _plain() -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.one_of(
        st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.sampled_from(TUPLES),
        st.integers().map(str), st.floats().map(repr), st.text(letters, max_size=40),
        st.lists(st.one_of(st.integers(-2, 9), st.floats(), st.text(letters, max_size=5),
                           st.none(), st.booleans()), max_size=4).map(
                               lambda values: repr(tuple(values))))


def value_of(field: str) -> st.SearchStrategy[str]:
    """Values of a field as texts; most are of a kind that the field could have."""
    fitting = {
        "rows": _tuple_of(rows()), "stream.rows": _tuple_of(rows()),
        "sweep.rows": _tuple_of(rows()), "sweep.grid": st.sampled_from(GRIDS),
        "forget.sets": _tuple_of(st.sampled_from(SETS)),
        "stream.requests": _tuple_of(st.sampled_from(SETS)),
        "metrics": _tuple_of(st.sampled_from(["forget_kl", "own.py:margin", "own.py:halves", "mia",
                                              "mia_entropy", "x", "own.py:x", ""])),
        "proxies.compared": _tuple_of(st.sampled_from(["confidence", "loss_curvature", "x", ""])),
    }.get(field)
    default = FIELDS.get(field)
    near = st.sampled_from(NUMBERS if isinstance(default, int | float)
                           else TUPLES if isinstance(default, tuple) else TEXTS)
    return st.one_of(fitting, fitting, _plain()) if fitting else st.one_of(near, _plain())


@st.composite
def flag(draw: st.DrawFn) -> list[str]:
    """One flag with its value, as one argument or as two; some are misspelled."""
    field = draw(st.sampled_from(sorted(FIELDS)))
    value, name = draw(value_of(field)), f"--config.{field}"
    way = draw(st.sampled_from(["plain"] * 8 + ["two", "twice", "misspelled", "case", "space",
                                                "one dash", "no value", "inner"]))
    if way == "two":
        return [name, value]
    if way == "twice":
        return [f"{name}={value}", f"{name}={draw(value_of(field))}"]
    if way == "misspelled":
        place = draw(st.integers(len("--config."), len(name) - 1))
        name = name[:place] + name[place + draw(st.integers(1, 2)):]
    if way in ("no value", "inner"):
        return [name if way == "no value" else f"{name}.x={value}"]
    name = {"case": name.swapcase(), "space": name + " ", "one dash": name[1:]}.get(way, name)
    return [f"{name}={value}"]


def command_line() -> st.SearchStrategy[list[str]]:
    """Some flags after those of a study; seldom such as are no fields."""
    other = st.sampled_from((*LAUNCHING, *ODD_FLAGS)).map(lambda text: [text])
    return st.lists(st.one_of(flag(), flag(), flag(), other), min_size=1, max_size=3).map(
        lambda flags: [part for parts in flags for part in parts])
