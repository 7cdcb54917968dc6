"""Numbers of schemas with 32-bit floats, as JSON."""

import math
import struct

from hypothesis import example, given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.schema_files import shortest_single


def single(number: float) -> float:
    (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    return float(rounded)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(3.4028234663852886e38)
@example(1.401298464324817e-45)
def test_a_32_bit_float_is_its_shortest_double(number: float) -> None:
    short = shortest_single(number)
    assert single(short) == number
    assert math.copysign(1, short) == math.copysign(1, number)
    assert len(repr(short)) <= len(repr(number))


def test_a_tenth_is_a_tenth() -> None:
    assert shortest_single(single(0.1)) == 0.1
    assert shortest_single(single(52.520008)) == 52.520008
