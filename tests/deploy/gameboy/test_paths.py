"""Ways through code: M-cycles by hand."""

import pytest

from lilliput.deploy.gameboy.machine.assembler import assemble
from lilliput.deploy.gameboy.machine.expressions import AssemblyError
from lilliput.deploy.gameboy.model.paths import count_path

CODE = assemble(
    """
step:   ld   a, 5           ; 2
.loop:  dec  a              ; 1
        jr   z, .done       ; 2, or 3 where it is taken
        call nz, elsewhere  ; 3: not taken
        jp   .loop          ; 4
.done:  call elsewhere      ; 6
        ret                 ; 4
elsewhere: nop
        jr   elsewhere
""",
    name="step",
)


def test_jumps_are_taken_as_told():
    assert count_path(CODE, "step", ".loop") == 2
    assert count_path(CODE, ".loop", ".done", ("jr z, .done",)) == 4
    assert count_path(CODE, "step", None, ("jr z, .done",)) == 2 + 1 + 3 + 6 + 4
    assert count_path(CODE, "step.done") == 10


def test_a_way_that_does_not_end_is_refused():
    with pytest.raises(AssemblyError, match=r"does not lead to \.done"):
        count_path(CODE, ".loop", ".done")
    with pytest.raises(AssemblyError, match="does not lead to a return"):
        count_path(CODE, "elsewhere")


def test_unknown_labels_and_jumps_are_refused():
    with pytest.raises(AssemblyError, match=r"has no \.missing"):
        count_path(CODE, ".missing")
    with pytest.raises(AssemblyError, match=r"has no jr c, \.done"):
        count_path(CODE, "step", None, ("jr c, .done",))
