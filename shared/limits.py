"""Bounds of a session, in the unit that the name says. What falls out is said beside each."""

from __future__ import annotations

UP_MAX_ENTRIES = 3_000
"""Speech and control that no handle of the model stands for yet: two minutes at 40 ms, 4.4 MB in
Redis; a handle takes most of it away every few seconds. The oldest falls out; the worker sees the
hole in the numbers and says `gap`."""

UP_MAX_BYTES = 4_000_000
"""The same bound for a client whose chunks are longer: two minutes of speech, however it is cut."""

FRAMES_MAX_ENTRIES = 6
"""Pictures: the newest overview and its close-ups; older ones fall out, nobody asks for them."""

DOWN_MAX_ENTRIES = 6_000
"""What the assistant said and its client has not heard: four minutes of speech at 40 ms, and the
text around it. What is longer loses its oldest, and the client is told."""

DOWN_MAX_BYTES = 12_000_000
"""The same bound for a model whose pieces of speech are longer: about four minutes of it."""

HISTORY_MAX_ENTRIES = 200
"""Finished turns, for a reloaded page and for seeding a fresh Live session."""

DISPATCH_MAX_ENTRIES = 100_000
"""Sessions that wait or are held, over all workers; more than a Redis of this design carries."""

SESSION_TTL_S = 600
"""Every key of a session goes this long after the last process that cared for it."""

TOMBSTONE_S = 60
"""How long an ended session is still known to be ended."""

GRACE_S = 180.0
"""How long a session waits for a client that is gone: a laptop may sleep for two minutes."""

MAX_CRASHES = 3
"""Workers that may die on a session, one after the other, before it is given up."""

AUDIO_FRAME_BYTES = 6_400
"""200 ms of microphone audio; a chunk is 40 ms as a rule."""

PICTURE_BYTES = 524_288
"""One JPEG; a 1536 px overview of dense text at quality 0.8 has about 250 KB."""

PICTURE_SIDE_PX = (8, 4_096)
CLOSE_UP_SIDE_PX = 768
"""Longest side of a close-up with its caption: what a model looks at in one piece."""

UNACKED_AUDIO_S = 20.0
"""Speech that a client keeps while it is away."""
