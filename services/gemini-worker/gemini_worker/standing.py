"""Where a conversation stands: what outlives each of its Live connections, and this worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gemini_worker.events import Tokens
from gemini_worker.frames import Shown
from gemini_worker.sent import BEGINNING, Position
from gemini_worker.stall import StallWatch
from gemini_worker.turn import TurnTracker
from gemini_worker.uplink import Counters
from shared.bus.commands import Arg
from shared.codec import StreamId
from shared.options import SessionOptions


@dataclass(slots=True)
class Standing:
    """The state of one conversation; most of it is in the session's hash once a second."""

    options: SessionOptions
    model: str
    """The session's Live model: a handle is good for no other."""
    counters: Counters
    turns: TurnTracker
    stall: StallWatch
    handle: str | None
    """Newest resumption handle; None if there is none, or it was dropped."""
    replay_after: Position
    """What the next connection need not be sent again: the newest handle stands for it, or, where
    none was ever given, the history does."""
    had_handle: bool = field(init=False)
    left_out: int | None = None
    """A turn that a fresh session is not told of, since its question is replayed."""
    shown: Shown = field(default_factory=Shown)
    """What the model has been sent of the screen since this worker has the session."""
    calls_begun: int = 0
    """Calls of tools since then."""

    def __post_init__(self) -> None:
        self.had_handle = self.handle is not None

    @classmethod
    def of(
        cls,
        fields: dict[str, str],
        choose_model: Callable[[str | None], str],
        last_turn: int,
        stall_s: float,
    ) -> Standing:
        """Return where a predecessor left the session.

        Args:
            fields: The session's hash.
            choose_model: Returns the model that a client gets who has chosen one, or none.
            last_turn: Newest turn in which something was said, as far as `down` still tells.
            stall_s: After how long a model that owes an answer counts as stalled.
        """
        tokens = Tokens(
            int(fields.get("tokens_prompt", 0)),
            int(fields.get("tokens_response", 0)),
            int(fields.get("tokens_total", 0)),
        )
        counters = Counters(
            chunks=int(fields.get("chunks", 0)),
            frames=int(fields.get("frames", 0)),
            texts=int(fields.get("texts", 0)),
            hidden_picture=int(fields.get("hidden_picture", 0)),
            heard_seq=int(fields.get("heard_seq", 0)),
        )
        options = SessionOptions.model_validate_json(fields.get("options", "{}"))
        model = choose_model(options.model)
        last_turn = max(last_turn, int(fields.get("turn", 1)) - 1)
        return cls(
            options=options,
            model=model,
            counters=counters,
            turns=TurnTracker(last_turn, tokens),
            stall=StallWatch(stall_s),
            # An operator may have changed the model between two workers.
            handle=fields.get("handle") or None if fields.get("model", model) == model else None,
            replay_after=_stored_position(fields),
        )

    @property
    def may_rest(self) -> bool:
        """Tell whether all that the model knows is in the handle, or there is nothing to know."""
        return self.handle is not None or not (self.counters.chunks or self.counters.texts)

    def settle(self, position: Position) -> None:
        """The uplink was sent to ``position``: note what nobody needs any more, if so."""
        if self.turns.is_quiet and not self.stall.is_waiting:
            self.counters.heard_seq = max(self.counters.heard_seq, position.seq)

    def mark(self, position: Position) -> object:
        """Return something that differs whenever `figures` do, at a tenth of their cost."""
        counted = self.counters
        return (
            *(position, counted.chunks, counted.frames, counted.texts, counted.heard_seq),
            *(counted.heard_turn, counted.heard_ms, self.turns.turn, self.turns.tokens),
        )

    def figures(self, position: Position) -> dict[str, Arg]:
        """Return what is written down once a second, when the uplink was sent to ``position``."""
        return {
            "position": str(position.after),
            "chunks": self.counters.chunks,
            "frames": self.counters.frames,
            "texts": self.counters.texts,
            "heard_seq": self.counters.heard_seq,
            "heard_turn": self.counters.heard_turn,
            "heard_ms": self.counters.heard_ms,
            "turn": self.turns.turn,
            "tokens_prompt": self.turns.tokens.prompt,
            "tokens_response": self.turns.tokens.response,
            "tokens_total": self.turns.tokens.total,
        }

    def resumption(self) -> dict[str, Arg]:
        """Return what is written down when `handle` or `replay_after` has changed."""
        return {
            "handle": self.handle or "",
            "handle_position": str(self.replay_after.after),
            "handle_seq": self.replay_after.seq,
            "hidden_picture": self.counters.hidden_picture,
            "crashes": 0,
        }


def _stored_position(fields: dict[str, str]) -> Position:
    after = fields.get("handle_position")
    if not after:
        return BEGINNING
    return Position(StreamId.parse(after), int(fields.get("handle_seq", 0)))
