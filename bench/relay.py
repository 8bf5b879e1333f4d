"""``python -m bench.relay``: the tutorial's server as one would write it today, to compare with.

One process, websockets and google-genai; no broker, no limits, and nothing survives it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from google import genai
from google.genai import types
from google.genai.live import AsyncSession
from websockets.asyncio.server import ServerConnection, serve

MODEL = "gemini-3.8-live"
INSTRUCTION = "You are a helpful assistant for screen sharing sessions."


async def send_to_gemini(client: ServerConnection, session: AsyncSession) -> None:
    """Pass on what the client says until it is gone."""
    async for message in client:
        for chunk in json.loads(message).get("realtime_input", {}).get("media_chunks", []):
            data = base64.b64decode(chunk["data"])
            if chunk["mime_type"] == "audio/pcm":
                blob = types.Blob(data=data, mime_type="audio/pcm;rate=16000")
                await session.send_realtime_input(audio=blob)
            elif chunk["mime_type"] == "image/jpeg":
                blob = types.Blob(data=data, mime_type="image/jpeg")
                await session.send_realtime_input(video=blob)


async def receive_from_gemini(client: ServerConnection, session: AsyncSession) -> None:
    """Pass on what the model says; the SDK's generator ends with each turn."""
    while True:
        async for response in session.receive():
            content = response.server_content
            if content is None:
                continue
            for part in (content.model_turn.parts or []) if content.model_turn else []:
                if part.inline_data is not None and part.inline_data.data is not None:
                    audio = base64.b64encode(part.inline_data.data).decode()
                    await client.send(json.dumps({"audio": audio}))
            if content.output_transcription is not None and content.output_transcription.text:
                await client.send(json.dumps({"text": content.output_transcription.text}))


async def handle(client: ServerConnection) -> None:
    """Serve one client: a Live session of its own, and a task for each way."""
    setup: dict[str, Any] = json.loads(await client.recv())["setup"]
    config = types.LiveConnectConfig(
        response_modalities=setup["generation_config"]["response_modalities"],
        system_instruction=INSTRUCTION,
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
    )
    async with gemini.aio.live.connect(model=MODEL, config=config) as session:
        receiving = asyncio.create_task(receive_from_gemini(client, session))
        try:
            await send_to_gemini(client, session)
        finally:
            receiving.cancel()


async def main() -> None:
    """Listen on a port that the system chooses, and say which."""
    async with serve(handle, "127.0.0.1", 0) as server:
        print(f"listening on localhost:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    gemini = genai.Client(http_options=types.HttpOptions(api_version="v1beta"))
    asyncio.run(main())
