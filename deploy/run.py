"""Starts Overshoulder on this machine and stops it again."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from deploy import health
from deploy.checkout import Checkout, only_run
from deploy.environment import Environment
from deploy.errors import CannotGoOn
from deploy.output import Output
from deploy.services import Plan, make_plan
from deploy.supervisor import Supervisor


def run(checkout: Checkout) -> None:
    """Run all services until Ctrl-C, SIGTERM or a closed terminal.

    Raises:
        CannotGoOn: If that is not possible, or not any longer.
    """
    environment = Environment.read(os.environ, checkout.home / ".env")
    address = f"http://localhost:{environment.port('WEB_PORT', 8000)}"
    with only_run(checkout, address):
        plan = make_plan(checkout, environment)
        try:
            _note_redis(checkout, plan)
            asyncio.run(_run(checkout, plan))
        finally:
            with suppress(OSError):
                checkout.redis_url_file.unlink()


async def _run(checkout: Checkout, plan: Plan) -> None:
    names = [service.name for service in plan.services]
    if "redis" not in names and not await health.redis(plan.redis_url)(0):
        raise CannotGoOn("The Redis that REDIS_URL names does not answer.")
    output = Output(sys.stdout, names)
    hint = (
        "(stand-in; set GEMINI_API_KEY to talk to Gemini) — "
        if plan.uses_stand_in
        else "(Gemini) — "
    )
    ready = f"Overshoulder is ready: {plan.address}  {hint}Ctrl-C stops it"
    await Supervisor(plan.services, output, checkout.home, lambda: output.announce(ready)).run()
    output.announce("Overshoulder has stopped.")


def _note_redis(checkout: Checkout, plan: Plan) -> None:
    """Leave the address of Redis for `make monitor`; it may hold a password."""
    path = checkout.redis_url_file
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(plan.redis_url, encoding="utf-8")
