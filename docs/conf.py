"""Sphinx settings of the documentation; `make docs` builds it, with warnings as errors."""

import os
import pathlib
import sys

DOCS = pathlib.Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_ext")]
os.environ["PYTHONPATH"] = os.pathsep.join(  # of the kernel that runs the tutorial
    [str(DOCS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])

import rum_jax  # noqa: E402

project = "rum_jax"
author = "The rum_jax developers"
copyright = author  # noqa: A001
version = release = rum_jax.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton",
              "api_reference", "config_reference", "repository_links"]
exclude_patterns = ["_build"]
templates_path: list[str] = []
html_theme = "sphinx_book_theme"
html_title = "rum_jax"
html_theme_options = {"show_toc_level": 2, "show_navbar_depth": 1, "use_download_button": False,
                      "use_fullscreen_button": False, "navbar_persistent": []}
html_static_path = ["_static"]
html_css_files = ["wide_tables.css"]
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"  # the tutorial has no outputs of its own
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_output_stderr = "remove"  # progress bars
suppress_warnings = ["myst.header"]  # pages written by benchmarks may skip a level

# Docstrings: Google style, and what stands between single backticks is code.
default_role = "code"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88

# Names of this project must lead somewhere; those of others would need a network.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!rum_jax).*")]
