"""Write a package of a case's exhibits that anybody can check: a BagIt folder with proofs and verify.py."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.access.services import User
from coordination.cases import selectors, services
from coordination.cases.packages.certificate import Signature
from coordination.core.errors import CoordinationError, InvalidInput


class Command(BaseCommand):
    """Release exhibits of a case into a new folder, as a named person who may."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the case, the folder, who, for whom, which, and with what the certificate is signed."""
        parser.add_argument("case", metavar="CASE", help="the case's reference, such as C-7F3K-9QWD")
        parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is not there yet")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the person who releases")
        parser.add_argument("--for", default="", dest="recipient", help="the recipient, for the custody")
        parser.add_argument("--why", required=True, help="why the exhibits are released, for the custody")
        parser.add_argument("--items", nargs="+", default=[], metavar="EXHIBIT", help="these, and not all")
        parser.add_argument("--name-people", action="store_true", help="to the recipient too, not by role")
        parser.add_argument("--sign-with", type=Path, metavar="P12", help="the person's own key, as PKCS#12")
        parser.add_argument("--passphrase-file", type=Path, help="the passphrase of that file")
        parser.add_argument("--qualification", default="", help='"the custodian of records", for example')

    def handle(self, *, case: str, folder: Path, by: str, **said: Any) -> None:
        """Make the package, and say how to check it."""
        person = User.objects.filter(username=by, is_active=True).first()
        if person is None:
            raise CommandError("--by: there is no such person.")
        try:
            digest = services.make_package(
                selectors.case_for(person, case),
                folder=folder.absolute(),
                by=person,
                recipient=said["recipient"],
                why=said["why"],
                references=said["items"],
                signature=self._signature(person, **said),
                name_people=said["name_people"],
                tell=self._tell,
            )
        except InvalidInput as error:
            raise CommandError(f"{error.field}: {error}") from error
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{folder}: tagmanifest-sha256.txt has the digest {digest}")
        self.stdout.write(
            f"Check it with: python3 {folder / 'verify.py'} --key FILE --ca FILE (data/README.txt says which)"
        )

    def _signature(
        self,
        person: User,
        *,
        sign_with: Path | None,
        passphrase_file: Path | None,
        qualification: str,
        **_: Any,
    ) -> Signature | None:
        if sign_with is None:
            self.stderr.write("The certificate is a draft: nobody signs it (--sign-with).")
            return None
        try:
            passphrase = passphrase_file.read_text().rstrip("\n") if passphrase_file else ""
            pkcs12 = sign_with.read_bytes()
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        return Signature(person=person, qualification=qualification, pkcs12=pkcs12, passphrase=passphrase)

    def _tell(self, what: str, done: int, total: int) -> None:
        self.stderr.write(f"{what}: {done} of {total}")
