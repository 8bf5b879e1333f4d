"""Picture headers."""

from __future__ import annotations

import pytest

from local_live.errors import Refused
from local_live.pictures import open_picture
from local_live.wire import PictureIn
from tests.local_live.samples import jpeg, png


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (jpeg(640, 480), (640, 480)),
        (png(33, 44), (33, 44)),
        # Padding before a marker, and an application segment before the frame's header.
        (b"\xff\xd8\xff\xff\xe0\x00\x04AB" + jpeg(17, 31)[2:], (17, 31)),
    ],
)
def test_size_is_read(data: bytes, size: tuple[int, int]) -> None:
    """JPEG and PNG tell their size without being decoded."""
    picture = open_picture(PictureIn(data, "image/jpeg"), keep_data=True)

    assert (picture.width, picture.height) == size
    assert picture.data == data


def test_bytes_are_kept_only_where_somebody_reads_them() -> None:
    """Scripted mode needs the size and a digest, and no memory for the rest."""
    picture = open_picture(PictureIn(jpeg(640, 480), "image/jpeg"), keep_data=False)

    assert picture.data == b""
    assert len(picture.digest) == 16


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"\xff\xd8", jpeg(64, 48)[:100], b"\xff\xd8\xff\x00\x00", png(9_000, 10)],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Neither JPEG nor PNG, cut off, or larger than any screen."""
    with pytest.raises(Refused):
        open_picture(PictureIn(data, "image/jpeg"), keep_data=True)
