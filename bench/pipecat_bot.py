"""Pipecat's own pipeline for Gemini Live behind the tutorial's protocol, to compare with.

Run by the interpreter of an environment of its own (bench/pipecat_home.py). It is what the template
of its own command line writes for a speech-to-speech bot on Gemini Live: with speech detection of
its own, metrics and RTVI. With ``--bare`` these are off, as in some of its examples.
"""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import sys

import uvicorn
from fastapi import FastAPI, WebSocket
from google.genai.types import HttpOptions
from loguru import logger
from PIL import Image
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputImageRawFrame,
    LLMRunFrame,
    OutputAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.google.gemini_live.llm import GeminiLiveLLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

IS_BARE = "--bare" in sys.argv

app = FastAPI()


class TutorialSerializer(FrameSerializer):
    """The tutorial's JSON to frames and back. Pipecat carries pictures as pixels."""

    async def serialize(self, frame: Frame) -> str | None:
        """Return speech as base64."""
        if not isinstance(frame, OutputAudioRawFrame):
            return None
        return json.dumps({"audio": base64.b64encode(frame.audio).decode()})

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Return the frame of the one chunk in a message; None for the setup."""
        chunks = json.loads(data).get("realtime_input", {}).get("media_chunks", [])
        if not chunks:
            return None
        media = base64.b64decode(chunks[0]["data"])
        if chunks[0]["mime_type"] == "audio/pcm":
            return InputAudioRawFrame(audio=media, sample_rate=16_000, num_channels=1)
        image = Image.open(io.BytesIO(media)).convert("RGB")
        return InputImageRawFrame(image=image.tobytes(), size=image.size, format="RGB")


@app.websocket("/")
async def converse(websocket: WebSocket) -> None:
    """Serve one client with a pipeline of its own."""
    await websocket.accept()
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            video_in_enabled=True,
            serializer=TutorialSerializer(),
        ),
    )
    llm = GeminiLiveLLMService(
        api_key=os.environ["GEMINI_API_KEY"],
        http_options=HttpOptions(api_version="v1beta"),
        settings=GeminiLiveLLMService.Settings(
            model="models/gemini-3.8-live",
            system_instruction="You are a helpful assistant for screen sharing sessions.",
        ),
    )
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(
        context,
        user_params=None if IS_BARE else LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()),
    )
    pipeline = Pipeline([transport.input(), user, llm, transport.output(), assistant])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(
            audio_in_sample_rate=16_000,
            audio_out_sample_rate=24_000,
            enable_metrics=not IS_BARE,
            enable_usage_metrics=not IS_BARE,
        ),
        enable_rtvi=not IS_BARE,
    )
    runner = WorkerRunner(handle_sigint=False)

    @transport.event_handler("on_client_connected")  # type: ignore[untyped-decorator]
    async def on_client_connected(_transport: object, _client: object) -> None:
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def on_client_disconnected(_transport: object, _client: object) -> None:
        await runner.cancel()

    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stdout, level="WARNING")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    print(f"listening on localhost:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
