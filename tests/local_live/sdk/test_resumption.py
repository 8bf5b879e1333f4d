"""The official SDK against a real local-live process: handles, snapshots, going away."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import errors, types

from tests.local_live.live_server import LiveServer, running
from tests.local_live.samples import quiet, tone
from tests.local_live.talk import (
    ended,
    ledger_of,
    next_handle,
    session,
    speak,
    turn,
)


async def test_seeding_gives_a_handle(server: LiveServer) -> None:
    """A history that asks for no answer is worth resuming."""
    async with session(server) as live:
        asked = types.Content(role="user", parts=[types.Part(text="Call me Ada.")])
        await live.send_client_content(turns=asked, turn_complete=False)
        update = await next_handle(live)

    async with session(server, session_resumption={"handle": update.new_handle}) as live:
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert turns == [{"role": "user", "text": "Call me Ada."}]


async def test_interruption_by_nothing_leaves_a_handle(server: LiveServer) -> None:
    """Push-to-talk without a word cuts the answer off, and the session can be resumed again."""
    manual: dict[str, Any] = {
        "realtime_input_config": {"automatic_activity_detection": {"disabled": True}}
    }
    async with session(server, **manual) as live:
        await live.send_realtime_input(text="say 1000")
        await live.send_realtime_input(activity_start=types.ActivityStart())
        await live.send_realtime_input(activity_end=types.ActivityEnd())

        cut = await turn(live)
        update = await next_handle(live)

    assert "interrupted" in cut.kinds()
    assert update.last_consumed_client_message_index == 2


async def test_handle_restores_exactly_the_snapshot(server: LiveServer) -> None:
    """What the client sent after the handle was made is not in the resumed conversation."""
    async with session(server) as live:
        await speak(live, tone(100) + quiet(440))
        await turn(live)
        update = await next_handle(live)
        before = await ledger_of(server, live)
        await live.send_realtime_input(text="too late")
        await turn(live)

    resumed: dict[str, Any] = {"session_resumption": {"handle": update.new_handle}}
    async with session(server, **resumed) as live:
        after = await ledger_of(server, live)
        turns = (await server.control(op="history", session=live.session_id))["turns"]

    assert after == before
    assert update.last_consumed_client_message_index == len(before) - 1
    assert [one["text"] for one in turns] == ["heard 100 ms", "I heard 100 ms."]


async def test_handle_holds_half_an_utterance(server: LiveServer) -> None:
    """Speech begun before the handle and ended after resuming is one utterance."""
    config: dict[str, Any] = {"realtime_input_config": {"activity_handling": "NO_INTERRUPTION"}}
    async with session(server, **config) as live:
        await live.send_realtime_input(text="say 12")
        await speak(live, tone(200))
        update = await next_handle(live)

    resumed: dict[str, Any] = {"session_resumption": {"handle": update.new_handle}}
    async with session(server, **resumed) as live:
        await speak(live, tone(300) + quiet(500))

        assert (await turn(live)).said == "I heard 500 ms."


async def test_resumed_session_gets_a_handle_at_once(server: LiveServer) -> None:
    """Right after setup there is a fresh handle, which stands for none of this connection yet."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle

    async with session(server, session_resumption={"handle": handle}) as live:
        update = await next_handle(live)

    assert update.new_handle != handle
    assert update.last_consumed_client_message_index is None


async def test_handle_of_another_model_fails_after_setup(server: LiveServer) -> None:
    """Google accepts such a handle and then fails with 1011."""
    async with session(server) as live:
        await live.send_realtime_input(text="one")
        handle = (await next_handle(live)).new_handle

    other = "gemini-3.1-flash-live-preview"
    async with session(server, other, session_resumption={"handle": handle}) as live:
        assert (await ended(live)).code == 1011


async def test_unknown_handle_is_not_found(server: LiveServer) -> None:
    """A handle that never was closes with 1008 instead of setupComplete."""
    with pytest.raises(errors.APIError) as caught:
        async with session(server, session_resumption={"handle": "nonsense"}):
            pass

    assert (caught.value.code, caught.value.details) == (
        1008,
        "BidiGenerateContent session not found",
    )


async def test_going_away_is_announced_and_carried_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A connection learns of its end beforehand, and ends with 1011 when it stays."""
    folder = tmp_path_factory.mktemp("short")
    with running(folder, mode="scripted", connection_s="1") as server:
        async with session(server) as live:
            message = await anext(live.receive())
            error = await ended(live)

    assert message.go_away is not None
    assert message.go_away.time_left == "0.5s"
    assert (error.code, error.details) == (
        1011,
        "Deadline expired before operation could complete.",
    )
