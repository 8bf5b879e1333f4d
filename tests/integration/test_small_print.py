"""Small print, from a client's question through every process to the answer, with real models."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.local_live.samples import invoice_overview, invoice_part
from tests.support.system import System

ANSWER_S = 90.0
"""The models load first, one of each."""

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(find_spec("rapidocr") is None, reason="the models are not installed"),
]


async def test_small_print_is_read_from_a_close_up(empty_system: System) -> None:
    """A figure too small in the overview is asked for, sent at native size, read and told."""
    await empty_system.start_live(LOCAL_LIVE_MODE="assistant", LOCAL_LIVE_VOICE_MODEL="none")
    await empty_system.start_worker()
    await empty_system.start_gateway()
    client = await empty_system.client()
    await client.connect(empty_system.url(), tools=["look_closer"])
    await client.wait_for("state", state="live")
    client.picture_seq = 11
    await client.show(invoice_overview())
    await client.say("text", text="What is the amount due?", picture=12)

    tool = await client.wait_for("tool", limit_s=ANSWER_S)
    picture = await client.show(invoice_part(tool["args"]), overview=12, urgent=True)
    await client.say("tool_result", call=tool["call"], ok=True, picture=picture)

    end = await client.wait_for("turn_end", limit_s=ANSWER_S)
    assert tool["name"] == "look_closer"
    assert "Amount due: 1,938.47 EUR." in client.words("assistant", end["turn"])
    assert (await client.wait_for("turn_start"))["picture"] == 12
    await client.say("end")
    await client.wait_closed()
