"""V13.2.1: a password of the database that lives for an hour is read where whoever renews it writes it."""

from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from coordination.core.embedded.addresses import databases
from coordination.core.embedded.cluster import ROLES, Cluster
from tests.core.asking import connect


@pytest.mark.django_db
def test_V13_2_1_a_password_that_is_renewed_opens_the_next_connection(started: Path, tmp_path: Path) -> None:
    passfile, socket = tmp_path / "pgpass", str(Cluster.of(started).socket_directory)
    url = f"postgres://{ROLES['app']}@{quote(socket, safe='')}/coordination?passfile={quote(str(passfile))}"
    connection = ConnectionHandler(databases(tmp_path, url=url))["default"]
    for password in ("of this hour", "of the next one"):
        with connect(started, "superuser") as superuser:
            superuser.execute(f"ALTER ROLE {ROLES['app']} PASSWORD '{password}'")
        with pytest.raises(OperationalError):
            connection.ensure_connection()
        passfile.write_text(f"*:*:*:{ROLES['app']}:{password}\n")
        passfile.chmod(0o600)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (ROLES["app"],)
        connection.close()
