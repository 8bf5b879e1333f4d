"""Redis goes away, or another one takes its place, and conversations go on."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from redis.exceptions import RedisError

from deploy.redis_server import find_server
from tests.support.processes import Process, free_port, until
from tests.support.redis_server import RedisServer
from tests.support.system import System

AWAY_S = 10.0


async def test_redis_away_for_ten_seconds(own_system: System) -> None:
    """What the client says meanwhile waits, and is answered when Redis is back."""
    client = await own_system.client()
    await client.connect(own_system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    assert own_system.redis.process is not None

    own_system.redis.process.signal(signal.SIGSTOP)
    await client.say("text", text="Second")
    await asyncio.sleep(AWAY_S)
    own_system.redis.process.signal(signal.SIGCONT)

    await client.wait_for("turn_end", turn=2, limit_s=30)
    assert client.words("assistant", 2).strip() == "You said: Second"
    assert client.closed is None
    await client.wait_acked()
    await client.close()


async def test_a_replica_is_promoted(empty_system: System) -> None:
    """When the master dies, Sentinel promotes the replica and everybody follows it."""
    system = empty_system
    replica_folder = system.folder / "replica"
    replica_folder.mkdir()
    replica = RedisServer(replica_folder, free_port())
    await replica.start("--replicaof", "127.0.0.1", str(system.redis.port))
    assert replica.process is not None
    system.processes.append(replica.process)  # stopped last, after those who use it
    sentinel_port = await _start_sentinel(system, system.redis.port)
    url = f"redis+sentinel://127.0.0.1:{sentinel_port}/overshoulder"
    await system.start_live()
    await system.start_worker(REDIS_URL=url)
    await system.start_gateway(REDIS_URL=url)
    client = await system.client()
    await client.connect(system.url())
    await client.say("text", text="First")
    await client.wait_for("turn_end")
    await client.wait_acked()
    await _has_caught_up(system.redis, replica)

    await system.redis.kill()
    await client.say("text", text="Second")

    await client.wait_for("turn_end", turn=2, limit_s=30)
    assert client.words("assistant", 2).strip() == "You said: Second"
    assert client.closed is None
    async with replica.client() as redis:
        assert (await redis.info("replication"))["role"] == "master"
    await client.say("end")
    await client.wait_closed()


async def _start_sentinel(system: System, master_port: int) -> int:
    port = free_port()
    config = Path(system.folder) / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor overshoulder 127.0.0.1 {master_port} 1\n"
        "sentinel down-after-milliseconds overshoulder 1000\n"
        "sentinel failover-timeout overshoulder 5000\n"
    )
    process = await Process.start("sentinel", find_server(), config, "--sentinel", env={})
    system.processes.append(process)
    async with RedisServer(system.folder, port).client() as sentinel:

        async def knows_the_replica() -> bool:
            try:
                return bool(await sentinel.sentinel_slaves("overshoulder"))
            except (OSError, RedisError):
                return False

        await until(knows_the_replica, f"Sentinel knows the replica:\n{process.text}")
    return port


async def _has_caught_up(master: RedisServer, replica: RedisServer) -> None:
    async with master.client() as source, replica.client() as copy:

        async def same_offset() -> bool:
            offset = (await source.info("replication"))["master_repl_offset"]
            return bool((await copy.info("replication"))["slave_repl_offset"] >= offset)

        await until(same_offset, "the replica has caught up")
