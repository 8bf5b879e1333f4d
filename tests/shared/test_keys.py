"""Redis keys and session ids."""

from __future__ import annotations

import pytest

from shared import keys
from shared.keys import SessionKeys, is_session_id, new_session_id


def test_new_ids_are_ids_and_differ() -> None:
    """Ids made here pass the check, and no two are alike."""
    made = {new_session_id() for _ in range(1_000)}

    assert len(made) == 1_000
    assert all(is_session_id(one) for one in made)
    assert not any(one.startswith("-") for one in made), "a command would take it for an option"


@pytest.mark.parametrize(
    "text",
    [
        *("", "a" * 21, "a" * 23, "a" * 21 + "\n", "a" * 22 + "\n", "x}:{y" + "a" * 17, "*" * 22),
        *("a" * 21 + odd for odd in (" ", ":", "\u00e4", "\u0661", "\0")),
    ],
)
def test_nothing_else_gets_into_a_key(text: str) -> None:
    """Braces, wildcards, line ends and digits of other scripts are no session id."""
    assert not is_session_id(text)


def test_all_keys_of_a_session_share_a_hash_tag() -> None:
    """Every key carries the same tag in braces, so all lie in one slot of a Cluster."""
    names = SessionKeys.of("A" * 22)

    tags = {name[name.index("{") + 1 : name.index("}")] for name in [*names.stored(), names.live]}
    assert tags == {"A" * 22}
    assert len({*names.stored(), names.live}) == 6


def test_a_process_has_a_key_of_its_own_kind() -> None:
    """A worker and a gateway of the same name do not share a key."""
    assert keys.process_key(keys.WORKERS, "h-1") == "worker:h-1"
    assert keys.process_key(keys.GATEWAYS, "h-1") == "gateway:h-1"
