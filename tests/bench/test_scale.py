"""Sizes in proportion to costs, slots as Redis counts them, and a small crowd that is broken."""

from __future__ import annotations

import binascii
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.scale.__main__ import main
from bench.scale.page import PAGE, publish_plain
from bench.scale.placement import ID_CHARS, SLOTS, new_ids, shards_of, slots_of
from bench.scale.simulation import Simulation, World, _in_turn
from bench.scale.sizing import Costs, Machine, need, redis_machines, sessions_per_machine

COSTS = Costs(2.0, 3.0, 1.0, 100.0, 100.0, 100.0, 150.0, 1_000.0)
MACHINE = Machine(cores=16, memory_gb=64.0, network_gbit=10.0, busy=0.5)
SMALL = World(2_000, 4, 24, 6, 4, 120, mean_s=200.0, seconds=30, fail_at_s=10)


@given(st.binary(min_size=ID_CHARS, max_size=ID_CHARS))
def test_a_tag_lies_in_the_slot_that_redis_gives_it(tag: bytes) -> None:
    """CRC-16 (XMODEM), as the standard library computes it, modulo 16 384."""
    [slot] = slots_of(np.frombuffer(tag, np.uint8)[None, :])

    assert slot == binascii.crc_hqx(tag, 0) % SLOTS


def test_the_documented_example_of_the_cluster_specification() -> None:
    """The check value of this CRC: "123456789" is 0x31C3."""
    [slot] = slots_of(np.frombuffer(b"123456789", np.uint8)[None, :])

    assert slot == 0x31C3 % SLOTS


def test_ids_fill_all_shards_alike() -> None:
    """No shard of ten holds a twentieth more or less than its share of a hundred thousand."""
    ids = new_ids(100_000, np.random.default_rng(1))

    counts = np.bincount(shards_of(slots_of(ids), 10))

    assert len(counts) == 10
    assert np.abs(counts / 10_000 - 1).max() < 0.05


def test_every_slot_has_a_shard_and_every_shard_has_slots() -> None:
    """In ranges that differ by one at most, also where the division leaves a rest."""
    sizes = np.bincount(shards_of(np.arange(SLOTS), 7))

    assert len(sizes) == 7
    assert sizes.max() - sizes.min() <= 1


def test_sizes_grow_with_what_a_session_costs() -> None:
    """500 ms of a core are used: 250 sessions of 2 ms at a gateway, 166 of 3 ms at a worker."""
    wanted = need(10_000, COSTS, MACHINE)

    assert (wanted.gateways, wanted.workers) == (40, 60)
    assert sessions_per_machine(COSTS, MACHINE) == 500  # one Redis, at 1 ms each


@pytest.mark.parametrize(
    ("change", "limit", "machines"),
    [
        ({}, "network", 320),  # 200 KB/s of 625 MB/s
        ({"redis_ms": 5.0}, "cores", 1_334),  # 100 for a shard and its replica, 15 on a machine
        ({"redis_kb": 16_000.0}, "memory", 1_000),  # twice 16 MB of 32 GB
    ],
)
def test_what_redis_runs_out_of_first_is_said(
    change: dict[str, float], limit: str, machines: int
) -> None:
    """For a million sessions."""
    costs = replace(COSTS, **change)

    wanted = redis_machines(1_000_000, costs, MACHINE)

    assert max(wanted, key=wanted.__getitem__) == limit
    assert wanted[limit] == machines
    assert need(1_000_000, costs, MACHINE).limited_by == limit


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 90))
def test_what_waits_is_taken_by_those_with_room(room: list[int], wanted: int) -> None:
    """Nobody takes more than there is room for, and those who took have as much left, but for one.

    Nothing waits while there is room.
    """
    free = np.array(room)

    takes = np.bincount(_in_turn(np.arange(len(free)), free, wanted), minlength=len(free))

    left = (free - takes)[takes > 0]
    assert (takes <= free).all()
    assert takes.sum() == min(wanted, free.sum())
    assert left.size == 0 or left.max() - left.min() <= 1


def test_a_crowd_without_a_failure_stays_held() -> None:
    """Nobody is orphaned, and whoever arrives is claimed within the second."""
    outcome = Simulation(SMALL).run()

    assert (outcome.orphans, outcome.recovered_s, outcome.reconnects) == (0, [], 0)
    assert outcome.most_waiting == 0
    assert outcome.worker_spread < 1.5


def test_orphans_are_held_again_after_the_lease() -> None:
    """Each of them that did not leave first, none before the lease is over."""
    outcome = Simulation(replace(SMALL, failing_workers=4, failing_gateways=1)).run()

    assert outcome.orphans > 4 * 50
    assert min(outcome.recovered_s) == SMALL.lease_s
    assert 0.9 * outcome.orphans < len(outcome.recovered_s) <= outcome.orphans
    assert outcome.stranded == 0
    assert 0 < outcome.most_reconnects_per_s < outcome.reconnects


def test_orphans_wait_for_connections_to_open() -> None:
    """Workers that open one connection in a second take longer."""
    broken = replace(SMALL, failing_workers=4)

    fast = Simulation(broken).run()
    slow = Simulation(replace(broken, opens_per_s=2)).run()

    assert max(slow.recovered_s) > max(fast.recovered_s)


def test_orphans_without_room_are_stranded() -> None:
    """Workers that are full take nothing over."""
    full = replace(SMALL, capacity=84, mean_s=1e9, failing_workers=4)

    assert Simulation(full).run().stranded > 0


def test_the_same_seed_gives_the_same_run() -> None:
    """And another seed another."""
    broken = replace(SMALL, failing_workers=4)

    assert Simulation(broken).run() == Simulation(broken).run()
    assert Simulation(broken).run() != Simulation(replace(broken, seed=2)).run()


def test_what_was_printed_is_put_into_the_page(tmp_path: Path) -> None:
    """As it stands, without the spaces that fill a line."""
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- scale: begin -->\nold\n<!-- scale: end -->\nb\n")
    console = Console(record=True, width=40, file=io.StringIO())
    console.print("table  \nof two lines")

    publish_plain(console, "scale", page)

    marks = "<!-- scale: begin -->\n```\ntable\nof two lines\n```\n<!-- scale: end -->"
    assert page.read_text() == f"a\n{marks}\nb\n"


def test_docs_have_a_place_for_all_that_is_measured() -> None:
    """Each command with `--publish` finds its own."""
    text = PAGE.read_text(encoding="utf-8")

    assert all(f"<!-- {name}: begin -->" in text for name in ("redis", "takeover", "scale"))


def test_the_command_prints_sizes_and_what_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the figures of a bench."""
    names = ("gateway", "worker", "redis")
    case = {
        "case": {"kind": "native", "sessions": 100, "chunk_ms": 40},
        "cpu_ms_per_session_s": dict.fromkeys(names, 2.0),
        "memory": {name: {"per_further_session_kb": 100.0} for name in names},
        "round_trip_ms": {"count": 1, "p50": 2.0},
        "redis_per_session_s": {"net_input_bytes": 1e5, "net_output_bytes": 1e5},
    }
    file = tmp_path / "figures.json"
    file.write_bytes(orjson.dumps({"figures": [case]}))
    sizes = ("--sessions", "5000", "--parts", "4", "--fail-workers", "2", "--fail-gateways", "1")

    code = main(["--figures", str(file), "--seconds", "20", *sizes])

    assert code == 0
    assert "5,000 sessions on" in capsys.readouterr().out


def test_costs_of_a_system_that_was_behind_are_not_used(tmp_path: Path) -> None:
    """Work that was put off would look cheap."""
    case = {"kind": "native", "sessions": 100, "chunk_ms": 40}
    late = {"case": case, "round_trip_ms": {"count": 1, "p50": 900.0}}
    file = tmp_path / "figures.json"
    file.write_bytes(orjson.dumps({"figures": [late]}))

    with pytest.raises(SystemExit, match="no load of 40 ms chunks that was kept up with"):
        main(["--figures", str(file)])
