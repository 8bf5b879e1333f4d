"""Which bytes may go to the model as a picture."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from gateway.pictures import check_jpeg, check_picture
from shared import limits
from shared.codec import Header, Kind
from shared.errors import DecodeError
from tests.support.media import jpeg

SMALL = jpeg(16, 8)
_SOF0 = SMALL.index(b"\xff\xc0")


def _claiming(width: int, height: int) -> bytes:
    """Return a picture of 16x8 px that claims to be larger, as a bomb does."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return SMALL[: _SOF0 + 5] + size + SMALL[_SOF0 + 9 :]


def _saved(picture_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 32)).save(out, picture_format, **options)
    return out.getvalue()


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


@pytest.mark.parametrize(
    ("data", "size"),
    [
        pytest.param(jpeg(640, 360), (640, 360), id="baseline"),
        pytest.param(_saved("JPEG", progressive=True), (64, 32), id="progressive, SOF2"),
        pytest.param(_saved("JPEG", optimize=True, quality=95), (64, 32), id="own tables"),
        pytest.param(_saved("JPEG", comment=b"\xff\xd9" * 9), (64, 32), id="an end in a comment"),
        pytest.param(SMALL[:2] + b"\xff" * 5 + SMALL[2:], (16, 8), id="padded before a marker"),
        pytest.param(
            SMALL[:2] + _segment(0xE1, _claiming(9_999, 9_999)) + SMALL[2:],
            (16, 8),
            id="a thumbnail that lies",
        ),
        pytest.param(_claiming(8, 8), (8, 8), id="smallest"),
        pytest.param(_claiming(4_096, 4_096), (4_096, 4_096), id="largest"),
    ],
)
def test_a_jpeg_within_bounds_is_taken(data: bytes, size: tuple[int, int]) -> None:
    """The size is read from the frame header, whatever stands before it."""
    assert check_jpeg(data, 1) == size


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"\xff\xd8\xff" + bytes(limits.PICTURE_BYTES), "are allowed", id="too large"),
        pytest.param(_saved("PNG"), "is not a JPEG", id="PNG"),
        pytest.param(_saved("GIF"), "is not a JPEG", id="GIF"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a JPEG", id="SVG"),
        pytest.param(b"GIF89a" + SMALL, "is not a JPEG", id="polyglot"),
        pytest.param(b"<script>" + SMALL, "is not a JPEG", id="script first"),
        pytest.param(SMALL[:-2], "is cut off", id="without its end"),
        pytest.param(SMALL[: len(SMALL) // 2], "is cut off", id="half"),
        pytest.param(SMALL + b"<script>", "is cut off", id="script behind"),
        pytest.param(b"\xff\xd8\xff\xd9", "names no size", id="start and end alone"),
        pytest.param(b"\xff\xd8\xff" + b"\0" * 40 + b"\xff\xd9", "names no size", id="zeros"),
        pytest.param(b"\xff\xd8" + b"\xff" * 60 + b"\xff\xd9", "names no size", id="padding alone"),
        pytest.param(SMALL[:_SOF0] + b"\xff\xd9", "names no size", id="no frame"),
        pytest.param(SMALL[: _SOF0 + 6] + b"\xff\xd9", "names no size", id="half a frame header"),
        pytest.param(_claiming(50_000, 50_000), "50000x50000 px", id="bomb"),
        pytest.param(_claiming(65_535, 8), "65535x8 px", id="wide bomb"),
        pytest.param(_claiming(4_097, 100), "4097x100 px", id="one too wide"),
        pytest.param(_claiming(100, 4_097), "100x4097 px", id="one too high"),
        pytest.param(_claiming(7, 100), "7x100 px", id="too narrow"),
        pytest.param(_claiming(0, 0), "0x0 px", id="no size"),
    ],
)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    """What is not one whole JPEG of a fair size is refused, and the sender told why."""
    with pytest.raises(DecodeError, match=why) as refused:
        check_jpeg(data, 7)

    assert (refused.value.code, refused.value.seq) == ("bad_picture", 7)


@given(st.binary(max_size=400))
@example(b"\xff\xd8\xff\xc0\xff\xd9")
def test_any_bytes_are_a_picture_or_a_decode_error(data: bytes) -> None:
    """Random bytes, and random bytes between a true start and end, raise nothing else."""
    for framed in (data, b"\xff\xd8\xff" + data + b"\xff\xd9"):
        with contextlib.suppress(DecodeError):
            width, height = check_jpeg(framed, 1)
            assert 8 <= min(width, height) <= max(width, height) <= 4_096


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_one_changed_byte_never_passes_the_bounds(at: int, value: int) -> None:
    """Whatever byte of a true picture is changed, no size out of bounds gets through."""
    changed = SMALL[:at] + bytes([value]) + SMALL[at + 1 :]

    with contextlib.suppress(DecodeError):
        assert max(check_jpeg(changed, 1)) <= 4_096


@pytest.mark.parametrize(
    ("flags", "overview", "size"),
    [
        pytest.param(0, 0, (1_536, 888), id="overview"),
        pytest.param(2, 0, (1_536, 888), id="urgent overview"),
        pytest.param(1, 6, (768, 768), id="close-up"),
        pytest.param(3, 1, (64, 768), id="urgent close-up"),
    ],
)
def test_a_picture_with_its_place_is_taken(
    flags: int, overview: int, size: tuple[int, int]
) -> None:
    """An overview stands alone, and a close-up names the overview before it."""
    check_picture(Header(Kind.PICTURE, 0, 7, 0.0, overview, flags), _claiming(*size))


@pytest.mark.parametrize(
    ("flags", "overview", "size", "why"),
    [
        pytest.param(4, 0, (64, 64), "unknown flags: 4", id="flag"),
        pytest.param(0, 3, (64, 64), "names overview 3", id="overview of another"),
        pytest.param(1, 0, (64, 64), "close-up of picture 0", id="no overview"),
        pytest.param(1, 7, (64, 64), "close-up of picture 7", id="of itself"),
        pytest.param(1, 8, (64, 64), "close-up of picture 8", id="of one to come"),
        pytest.param(1, 6, (769, 64), "close-up of 769x64 px", id="too wide"),
        pytest.param(3, 6, (64, 769), "close-up of 64x769 px", id="too high"),
        pytest.param(1, 6, (5_000, 64), "5000x64 px; each side", id="a bomb"),
    ],
)
def test_a_picture_that_contradicts_itself_is_refused(
    flags: int, overview: int, size: tuple[int, int], why: str
) -> None:
    """The sender is told what is wrong with the flags, the overview or the size."""
    with pytest.raises(DecodeError, match=why) as refused:
        check_picture(Header(Kind.PICTURE, 0, 7, 0.0, overview, flags), _claiming(*size))

    assert (refused.value.code, refused.value.seq) == ("bad_picture", 7)
