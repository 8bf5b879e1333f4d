"""One input of a client, made ready to be taken in, and as the ledger tells it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_live import wire
from local_live.history import LedgerItem
from local_live.pictures import Picture, digest_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """What took time to find out about an input, before anything of the session changes."""

    pcm16: bytes = b""
    """At 16 000 Hz."""
    voiced: list[bool] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def ledger_item(  # noqa: PLR0911 - one line for each kind of input
    given: wire.ClientInput, prepared: Prepared
) -> LedgerItem:
    """Return what the ledger remembers of an input."""
    match given:
        case wire.AudioIn(pcm16):
            first = int.from_bytes(pcm16[:2], "little", signed=True)
            digest = digest_of(pcm16)
            return {"kind": "audio", "bytes": len(pcm16), "digest": digest, "first": first}
        case wire.PictureIn():
            (seen,) = prepared.pictures
            size = {"width": seen.width, "height": seen.height}
            return {"kind": "video", "digest": seen.digest, **size}
        case wire.TextIn(text):
            return {"kind": "text", "text": text}
        case wire.Content(turns, complete):
            said = [{"role": turn.role, "text": turn.text} for turn in turns]
            return {"kind": "clientContent", "turns": said, "turnComplete": complete}
        case wire.ToolResponse(call_id, name, response):
            return {"kind": "toolResponse", "id": call_id, "name": name, "response": response}
        case wire.ContextUpdate(instruction):
            return {"kind": "contextUpdate", "instruction": instruction}
        case wire.ActivityStart():
            return {"kind": "activityStart"}
        case wire.ActivityEnd():
            return {"kind": "activityEnd"}
        case wire.AudioStreamEnd():
            return {"kind": "audioStreamEnd"}
