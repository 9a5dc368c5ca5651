"""What a package says of itself, to whoever opens it first: how to check it, and what lies where."""

from typing import Final

NUMBERS: Final = "\nNumbers of persons stand for people of {platform}; the custodian names them on request.\n"

_TEXT: Final = """\
Package of case {case}{to}.

Check it (Python 3.9 or newer and openssl, nothing else, no network):

    python3 verify.py --key FILE --ca FILE

--key   the ledger's verifier key: ask {platform} for it, or take it from where it is published,
        and not from this package, which would vouch for itself
--ca    certificates (PEM) that you trust: the root of the time stamp authority, from the authority,
        and that of whoever signed the certificate, one after the other in one file

Without them the package is checked by its own keys alone. verify.py came with it, too: compare the
SHA-256 of tagmanifest-sha256.txt, which covers all, with the one that you were told by another way.

data/exhibits/               the exhibits
data/exhibits.json           what they are
data/custody/                the custody schedule for readers; custody.jsonl for machines
data/case.jsonld             the same as CASE/UCO
data/ledger/                 the ledger's entries, their proofs, the signed checkpoint, time stamps
data/certificate.pdf         the certificate; a draft unless a named person signed it
data/certified-files.sha256  the list of the files that the certificate is about
"""


def text(*, case: str, recipient: str, platform: str, numbers: bool, anchored: str) -> str:
    """Return README.txt; `numbers` says that people stand in the package by role and number."""
    about = _TEXT.format(case=case, to=f" for {recipient}" if recipient else "", platform=platform)
    return f"{about}{NUMBERS.format(platform=platform) if numbers else ''}\n{anchored}\n"
