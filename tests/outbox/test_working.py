"""The lane's own connection to the queue."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate.contrib.django.utils import connector_params
from psycopg import AsyncConnection

from coordination.outbox.working import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_is_taken_in_one_round_trip_and_not_waited_for() -> None:
    async def look() -> tuple[bool, str, int]:
        async with await AsyncConnection.connect(**connector_params("default")) as connection:
            await at_once(connection)
            for _ in range(3):
                await connection.execute("SELECT %s::int", [1])
            shown = await (await connection.execute("SHOW synchronous_commit")).fetchone()
            known = await connection.execute("SELECT 1 FROM pg_prepared_statements")
            assert shown is not None
            return connection.autocommit, shown[0], len(await known.fetchall())

    # In a thread: a browser test of this process may have left its event loop running.
    with ThreadPoolExecutor(1) as pool:
        autocommit, waits, statements = pool.submit(lambda: asyncio.run(look())).result()
    assert (autocommit, waits) == (True, "off")
    assert statements >= 1
