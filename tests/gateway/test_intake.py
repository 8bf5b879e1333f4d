"""What one client may say: sizes, pace, and the order in which it is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.client_messages import CloseCode
from gateway.closing import Closing
from gateway.intake import Intake, Pace
from gateway.rest import Rest
from gateway.session_store import SessionStore
from gateway.uplink import Uplink
from shared import limits
from shared.bus import Bus
from shared.bus_messages import Stop, Text
from shared.bus_messages import Uplink as Control
from shared.codec import Header, Kind, decode
from shared.errors import DecodeError
from shared.options import SessionOptions
from tests.support.media import jpeg
from tests.support.processes import until


def _speech(seq: int, pcm16_bytes: int) -> bytes:
    return Header(Kind.MICROPHONE, 1, seq, 0.0).pack() + bytes(pcm16_bytes)


class Client:
    """One client's intake, and what of it Redis holds."""

    def __init__(self, bus: Bus, uplink: Uplink, names: tuple[str, str]) -> None:
        self.bus, self.uplink, self.names = bus, uplink, names
        self.intake = Intake(uplink, 1)

    async def stored(self) -> tuple[list[int], list[int]]:
        """Return the numbers of what is stored besides pictures, and of the pictures."""
        await until(lambda: not self.uplink._pending, "everything is answered")
        up, frames = [await self.bus.send("XRANGE", name, "(1-0", "+") for name in self.names]
        return (
            [decode(fields[b"m"])[0].seq for _, fields in up],
            [decode(fields[b"m"])[0].seq for _, fields in frames],
        )


@pytest_asyncio.fixture
async def client(bus: Bus) -> AsyncIterator[Client]:
    store = SessionStore(bus, "gateway-1")
    held = await store.create("ann", SessionOptions(), "native")
    uplink = Uplink(store, held, lambda: None, Rest(lambda: None, lambda: None, is_parked=False))
    yield Client(bus, uplink, (held.keys.up, held.keys.frames))
    await uplink.settle(1.0)


@pytest.mark.parametrize("pcm16_bytes", [0, 1, 1_279, limits.AUDIO_FRAME_BYTES + 2])
async def test_speech_of_no_good_size_is_refused_by_its_number(
    client: Client, pcm16_bytes: int
) -> None:
    """On both ways in, and nothing of it is stored."""
    entry = _speech(7, pcm16_bytes)

    assert not client.intake.put_speech_now(7, entry)
    with pytest.raises(DecodeError) as refused:
        await client.intake.put_speech(7, entry)

    assert (refused.value.code, refused.value.seq) == ("bad_audio", 7)
    assert await client.stored() == ([], [])


@pytest.mark.parametrize("pcm16_bytes", [2, 1_280, limits.AUDIO_FRAME_BYTES])
async def test_speech_is_stored_on_both_ways_in(client: Client, pcm16_bytes: int) -> None:
    """At once, or by whoever waits."""
    assert client.intake.put_speech_now(1, _speech(1, pcm16_bytes))
    await client.intake.put_speech(2, _speech(2, pcm16_bytes))

    assert await client.stored() == ([1, 2], [])


async def test_speech_that_comes_too_fast_closes(client: Client) -> None:
    """What is declined at once is what closes the client afterwards."""
    seq = 1
    while client.intake.put_speech_now(seq, _speech(seq, limits.AUDIO_FRAME_BYTES)):
        seq += 1

    with pytest.raises(Closing) as closing:
        await client.intake.put_speech(seq, _speech(seq, limits.AUDIO_FRAME_BYTES))

    assert closing.value.code == CloseCode.TOO_FAST
    assert seq > limits.UNACKED_AUDIO_S * 5  # all that a client keeps while it is away


@pytest.mark.parametrize(
    ("control", "has_picture"), [(Text(seq=1, text="?"), True), (Stop(seq=1, turn=1), False)]
)
async def test_a_picture_is_stored_before_what_is_about_it(
    client: Client, control: Control, has_picture: bool
) -> None:
    """One that was held back leaves with a question; what is not about it does not press."""
    for seq in (1, 2):
        client.intake.put_picture(Header(Kind.PICTURE, 1, seq, 0.0), jpeg(64, 64))
    held_back = len(client.uplink._waiting)

    await client.intake.put_control(control)

    assert held_back == 1
    assert len(client.uplink._waiting) == (0 if has_picture else 1)
    assert await client.stored() == ([1], [1, 2])


async def test_too_many_pictures_are_refused_one_by_one(client: Client) -> None:
    """The client may go on with the next one, once it is time."""

    def show_twenty() -> None:
        for seq in range(1, 21):
            client.intake.put_picture(Header(Kind.PICTURE, 1, seq, 0.0), jpeg(64, 64))

    with pytest.raises(DecodeError) as refused:
        show_twenty()

    assert refused.value.code == "rate_limited"


async def test_too_many_messages_close(client: Client) -> None:
    """Those that are not stored count as well."""

    async def say_a_lot() -> None:
        for seq in range(1, 200):
            client.intake.count_message()
            await client.intake.put_control(Stop(seq=seq, turn=0))

    with pytest.raises(Closing) as closing:
        await say_a_lot()

    assert closing.value.code == CloseCode.TOO_FAST


def test_a_reconnect_may_send_what_it_kept() -> None:
    """All speech that a client may keep while it is away fits into the burst, with live speech."""
    pace = Pace()

    assert pace.audio_ms.take(limits.UNACKED_AUDIO_S * 1_000, 0.0)
    assert all(pace.audio_ms.take(40, second / 25) for second in range(25 * 60))
