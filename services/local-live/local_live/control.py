"""The control door of scripted mode: JSON requests that set faults and look inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from websockets.asyncio.server import ServerConnection

from local_live.errors import BadControlRequest
from local_live.faults import MOVABLE, parse_fault, selects

if TYPE_CHECKING:
    from local_live.history import History
    from local_live.hub import Hub
    from local_live.session import Session

PATH = "/control"


async def serve(socket: ServerConnection, hub: Hub) -> None:
    """Answer each request with one reply; a bad one with ``{"error": …}``."""
    async for raw in socket:
        try:
            reply = await _answer(_parse(raw), hub)
        except BadControlRequest as exc:
            reply = {"error": str(exc)}
        await socket.send(orjson.dumps(reply).decode())


def _parse(raw: str | bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise BadControlRequest(f"not JSON: {exc}") from exc
    if not isinstance(request, dict):
        raise BadControlRequest("a request is a JSON object")
    return request


async def _answer(request: dict[str, Any], hub: Hub) -> dict[str, Any]:
    match request.get("op"):
        case "fault":
            return await _set_fault(request, hub)
        case "clear":
            return {"cleared": hub.faults.clear()}
        case "sessions":
            return {"sessions": [_describe(session) for session in hub.sessions.values()]}
        case "history":
            return _tell_history(request, hub)
        case "ledger":
            return {"ledger": _ledgers(request, hub)}
        case other:
            raise BadControlRequest(f"there is no op {other!r}")


async def _set_fault(request: dict[str, Any], hub: Hub) -> dict[str, Any]:
    fault = parse_fault(request.get("fault"))
    if fault.kind in MOVABLE and fault.when == "now":
        struck = [one for one in list(hub.sessions.values()) if selects(fault, one.place(0))]
        for session in struck:
            await session.strike(fault)
        return {"struck": len(struck)}
    hub.faults.set(fault, hub.connections)
    return {"set": True}


def _tell_history(request: dict[str, Any], hub: Hub) -> dict[str, Any]:
    session = hub.sessions.get(str(request.get("session")))
    if session is None:
        raise BadControlRequest("there is no such session")
    turns = [{"role": turn.role, "text": turn.text} for turn in session.history.turns]
    return {"history": session.history.history_id, "turns": turns}


def _describe(session: Session) -> dict[str, Any]:
    return {
        "session": session.session_id,
        "connection": session.caller.number,
        "model": session.setup.model,
        "instruction": session.setup.instruction,
        "history": session.history.history_id,
        "resumed_from": session.history.parent,
        "received": session.received,
    }


def _ledgers(request: dict[str, Any], hub: Hub) -> list[dict[str, Any]]:
    live = {session.history.history_id: name for name, session in hub.sessions.items()}
    entries = [_ledger(history, live) for history in hub.histories()]
    only = request.get("session")
    return [entry for entry in entries if only is None or entry["session"] == only]


def _ledger(history: History, live: dict[str, str]) -> dict[str, Any]:
    return {
        "history": history.history_id,
        "parent": history.parent,
        "session": live.get(history.history_id),
        "dropped": history.ledger.dropped,
        "items": history.ledger.items,
    }
