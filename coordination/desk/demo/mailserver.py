"""A mail server that keeps what it gets: `python -m coordination.desk.demo.mailserver PORT DIRECTORY`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class Keeper:
    """Writes each mail into the directory and sends nothing on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.count = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 - aiosmtpd's
        """Keep one mail."""
        self.count += 1
        path = self.directory / f"{self.count:04d}.eml"
        path.write_bytes(envelope.content)
        path.chmod(0o600)
        return "250 OK"


async def serve(port: int, directory: Path) -> None:
    """Listen on loopback until stopped."""
    loop = asyncio.get_running_loop()
    keeper = Keeper(directory)
    server = await loop.create_server(
        lambda: SMTP(keeper, hostname="mail.example", loop=loop), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
