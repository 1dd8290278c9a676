import importlib

import pytest
from toy import ROOT

TEXT = """
  %ynn_fusion.17 = f32[16] fusion(%a), metadata={op_name="jit(run)/transpose(jvp(R))/conv2/dot"}
  ROOT %add.2 = f32[16] add(%a), metadata={op_name="jit(run)/jvp(R)/stem_bn/add" stack_frame_id=3}
  %copy.1 = f32[16]{0} copy(%a)
"""


@pytest.fixture(scope="module")
def profile():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("many_models_profile")


def test_layers_are_read_from_a_programs_text(profile):
    assert profile.layers_of(TEXT) == {"ynn_fusion.17": "jit(run)/transpose(jvp(R))/conv2/dot",
                               "add.2": "jit(run)/jvp(R)/stem_bn/add"}


@pytest.mark.parametrize("instruction, layer, part", [
    ("dot.1", "jvp(R)/conv1/dot_general", "products, forward"),
    ("ynn_fusion", "transpose(jvp(R))/conv1/dot_general", "products, backward"),
    ("copy_fusion", "jvp(R)/shortcut_conv/pad", "patches and results"),
    ("copy.1", "", "patches and results"),
    ("add", "transpose(jvp(R))/stage0_block0/bn1/add", "BatchNorm"),
    ("maximum", "jvp(R)/stage0_block0/jit(relu)/max", "the rest"),
    ("dot.2", "jvp(R)/head/dot_general", "the rest")])
def test_operations_are_put_in_parts(profile, instruction, layer, part):
    assert profile.part_of(instruction, layer) == part
    assert part in profile.PARTS
