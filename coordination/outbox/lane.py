"""One process of the worker: a procrastinate worker on one queue, with an executor of a stated size.

`python -m coordination.outbox.lane p0 --slots 16 --grace 20`, started by the supervisor, which holds its
standard input: when that ends, the supervisor is gone and so must this be.
"""

import argparse
import asyncio
import logging
import os

LANES = ("background", "bulk", "p0")


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lane", choices=LANES)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--grace", type=float, required=True)
    options = parser.parse_args()
    import django

    django.setup()
    from coordination.outbox import hosts
    from coordination.outbox.working import run

    asyncio.run(run(options.lane, slots=options.slots, grace=options.grace))
    hosts.pool().close()
    # Not sys.exit, which waits for every thread: one that hangs in a channel's host must not keep us.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
