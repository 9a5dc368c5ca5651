"""Check this package offline: python3 verify.py [--key FILE] [--ca FILE] [PACKAGE]

Needs Python 3.9 or newer and the `openssl` command, and none of the software that made the package. Prints
one line for each finding: `ok`, `note` (true, and for you to weigh) or `FAIL`; ends with 0 only without FAIL.

    --key FILE   the ledger's verifier key: as the platform publishes it or tells you, not from this package
    --ca FILE    the root of the time stamp authority, and of who signed the certificate (PEM, in one file)

This program came with the package: compare the SHA-256 of tagmanifest-sha256.txt with what you were told.
"""

from __future__ import annotations

import argparse
import base64
import calendar
import hashlib
import hmac
import json
import re
import subprocess  # nosec B404 - openssl is a program
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*)")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PROOF = "c2sp.org/tlog-proof@v1"
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before a raw key in DER
found = {"ok": 0, "note": 0, "FAIL": 0}


def say(word: str, text: str) -> None:
    """Print one finding."""
    found[word] += 1
    print(f"{word:<4} {text}")


class Wrong(Exception):
    """What a check found wrong, in words."""


def main() -> int:
    """Check everything, each part for itself."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--key", type=Path, metavar="FILE", help="the ledger's verifier key, from elsewhere")
    options.add_argument("--ca", type=Path, metavar="FILE", help="certificates you trust, from elsewhere")
    options.add_argument("package", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    given = options.parse_args()
    root = given.package
    checks: tuple[tuple[str, Callable[[], None]], ...] = (
        ("files", lambda: check_files(root)),
        ("exhibits and custody", lambda: check_custody(root, given.key)),
        ("time stamps", lambda: check_timestamps(root, given.ca)),
        ("certificate", lambda: check_certificate(root, given.ca)),
    )
    for name, check in checks:
        try:
            check()
        except Wrong as error:
            say("FAIL", f"{name}: {error}")
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            say("FAIL", f"{name}: cannot be read ({type(error).__name__}: {error})")
    total = f"{found['ok']} ok, {found['note']} notes, {found['FAIL']} failed"
    own = " and ".join(f"--{each}" for each in ("key", "ca") if getattr(given, each) is None)
    holds = f"holds by its own keys; {own} not given" if own else "holds"
    print(f"The package {'does not hold' if found['FAIL'] else holds}: {total}.")
    return 1 if found["FAIL"] else 0


def check_files(root: Path) -> None:
    """The bag (RFC 8493): every file is listed, every listed file is there and is what it was."""
    if (root / "bagit.txt").read_bytes() != DECLARATION:
        raise Wrong("bagit.txt is not that of a bag of version 1.0")
    tags = manifest(root / "tagmanifest-sha256.txt", of_data=False)
    payload = manifest(root / "manifest-sha256.txt")
    found_here = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    there = {path.relative_to(root).as_posix() for path in found_here}
    listed = {**tags, **payload}
    wrong = [f"{path} is not listed" for path in sorted(there - set(listed) - {"tagmanifest-sha256.txt"})]
    size = 0
    for path, digest in sorted(listed.items()):
        file = root / path
        if file.is_symlink() or not file.is_file():
            wrong.append(f"{path} is missing")
            continue
        size += file.stat().st_size if path.startswith("data/") else 0
        if sha256(file) != digest:
            wrong.append(f"{path} was changed")
    info = (root / "bag-info.txt").read_text("utf-8", "replace")
    oxum = re.findall(r"^Payload-Oxum: (\d+\.\d+)$", info, re.MULTILINE)
    if not wrong and oxum != [f"{size}.{len(payload)}"]:
        wrong.append("bag-info.txt counts other files")
    for each in wrong:
        say("FAIL", f"files: {each}")
    if not wrong:
        say("ok", f"files: {len(listed)} files are listed, there, and unchanged")


def check_custody(root: Path, key_file: Path | None) -> None:
    """Each line of custody is an entry of the ledger, which its checkpoint covers; exhibits are its files."""
    checkpoint = read_checkpoint(root, key_file)
    by_exhibit = read_exhibits(root)
    written = (root / "data/custody.jsonl").read_text("utf-8").split("\n")
    lines = [read_json(line) for line in written if line]
    if len({line["leaf"] for line in lines}) < len(lines):
        raise Wrong("two lines of custody are one entry")
    began, named = set(), 0
    for line in lines:
        exhibit = by_exhibit[line["exhibit"]]
        entry = check_entry(root, line, exhibit)
        began |= {exhibit["reference"]} if entry["action"] == "evidence.taken_in" else set()
        named += not is_numbered(line, entry)
        check_inclusion(root, line["leaf"], checkpoint)
    for exhibit in by_exhibit.values():
        if sha256(root / "data" / exhibit["path"]) != exhibit["sha256"]:
            raise Wrong(f"{exhibit['reference']} is not the file that the ledger knows")
        if exhibit["reference"] not in began:
            raise Wrong(f"the custody of {exhibit['reference']} has no beginning")
        say("ok", f"exhibit {exhibit['reference']}: its file is what was taken in, by the ledger's entry")
    say("ok", f"custody: {len(lines)} lines are what the entries of the ledger say")
    if named:
        say("note", f"custody: people are named in {named} lines; the entries know them by number alone")
    say("ok", f"ledger: {len(lines)} entries are in the tree of the signed checkpoint")


def read_exhibits(root: Path) -> dict[str, dict[str, Any]]:
    """Return the exhibits by reference: each once, its file where readers look, and no other file there."""
    exhibits = read_json((root / "data/exhibits.json").read_text("utf-8"))
    by_exhibit = {each["reference"]: each for each in exhibits}
    if not exhibits or len(by_exhibit) < len(exhibits):
        raise Wrong("exhibits.json names no exhibit, or one twice")
    for reference, each in by_exhibit.items():
        if not re.fullmatch(rf"exhibits/{re.escape(reference)}\.[a-z0-9]+", each["path"]):
            raise Wrong(f"{reference} lies under another name than its own")
    there = {f"exhibits/{path.name}" for path in (root / "data/exhibits").iterdir()}
    if there != {each["path"] for each in exhibits}:
        raise Wrong("a file in data/exhibits is no exhibit")
    return by_exhibit


def check_entry(root: Path, line: dict[str, Any], exhibit: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of a line of custody, which says the same."""
    raw = (root / "data/ledger/entries" / f"{hexadecimal(line['leaf'])}.json").read_bytes()
    if hashlib.sha256(b"\x00" + raw).hexdigest() != line["leaf"]:
        raise Wrong(f"line {line['line']}: the entry is another one")
    entry: dict[str, Any] = read_json(raw.decode())
    details = entry["details"]
    same = (
        entry["action"] == f"evidence.{line['act']}"
        and entry["subject"] == line["exhibit"]
        and entry["at"] == line["at"]
        and details["sha256"] == exhibit["sha256"]
        and details["why_digest"] == digest_of("why", line)
        and details.get("recipient_digest", "") == (line["recipient"] and digest_of("recipient", line))
    )
    if not same:
        raise Wrong(f"line {line['line']}: the ledger says something else")
    names = {"kind": "kind", "media_type": "media_type", "size": "size_bytes", "made_from": "made_from"}
    described = all(exhibit[name] == details.get(named, "") for name, named in names.items())
    if entry["action"] == "evidence.taken_in" and not described:
        raise Wrong(f"line {line['line']}: the ledger has it that {line['exhibit']} is of another kind")
    return entry


def is_numbered(line: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Tell whether a line says by number who it was, as the entry does; raise Wrong for somebody else."""
    number = re.search(r"\bperson (\d+)$", line["by"])
    system = line["by"] == "the system"
    if system is not (entry["by"] == "system") or (number and number[1] != str(entry["by"])):
        raise Wrong(f"line {line['line']}: the ledger says that somebody else did it")
    return system or number is not None


def read_checkpoint(root: Path, key_file: Path | None) -> tuple[int, bytes, str]:
    """Return size, root hash and text of the checkpoint, whose signature holds."""
    file = root / "data/ledger/checkpoint"
    if not file.exists():
        raise Wrong("there is no checkpoint, and no package is made without: its entries could say anything")
    note = file.read_text("utf-8")
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root_hash = text.split("\n")[:3]
    keys = (key_file or root / "data/ledger/verifier-key").read_text("utf-8").split()
    if not any(signed(f"{text}\n", signatures, key) for key in keys):
        raise Wrong("the checkpoint is not signed with the ledger's key")
    whose = "key that you gave" if key_file else "package's own key: give the published one as --key"
    say("ok" if key_file else "note", f"ledger: the checkpoint of {origin} is signed with the {whose}")
    return int(size), from_base64(root_hash), note


def signed(text: str, signatures: str, key: str) -> bool:
    """Tell whether a note (C2SP signed-note) carries an Ed25519 signature by a verifier key that holds."""
    name, key_id, encoded = key.split("+", 2)
    public = from_base64(encoded)
    if public[:1] != b"\x01" or len(public) != 33:  # noqa: PLR2004 - one byte of kind, 32 of key
        return False
    wanted = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    if wanted.hex() != key_id:
        raise Wrong("the verifier key does not match its own id")
    for line in signatures.splitlines():
        dash, named, signature = line.split(" ")
        raw = from_base64(signature)
        if dash == "\u2014" and named == name and raw[:4] == wanted:
            return ed25519(ED25519 + public[1:], text.encode(), raw[4:])
    return False


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ask openssl whether a signature holds."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("key", public), ("message", message), ("signature", signature)):
            Path(folder, name).write_bytes(content)
        inputs = ["-inkey", f"{folder}/key", "-in", f"{folder}/message", "-sigfile", f"{folder}/signature"]
        return openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", *inputs).returncode == 0


def check_inclusion(root: Path, leaf: str, checkpoint: tuple[int, bytes, str]) -> None:
    """Raise Wrong unless an entry is under the checkpoint; no package is made of entries that are not."""
    file = root / "data/ledger/proofs" / f"{hexadecimal(leaf)}.tlog-proof"
    if not file.exists():
        raise Wrong(f"entry {leaf} has no proof: it could say anything")
    size, root_hash, note = checkpoint
    head, _, carried = file.read_text("utf-8").partition("\n\n")
    lines = head.split("\n")
    if lines[0] != PROOF or not re.fullmatch(r"index (0|[1-9]\d*)", lines[1]) or carried != note:
        raise Wrong(f"the proof of entry {leaf} has another form or another checkpoint")
    path = [from_base64(each) for each in lines[2:]]
    if climb(bytes.fromhex(leaf), int(lines[1][6:]), size, path) != root_hash:
        raise Wrong(f"entry {leaf} is not in the tree of the checkpoint")


def climb(node: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root that an inclusion proof leads to, None for one of another shape (RFC 9162 2.1.3.2)."""
    if index >= size or any(len(each) != 32 for each in (node, *path)):  # noqa: PLR2004 - bytes of SHA-256
        return None
    last = size - 1
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def check_timestamps(root: Path, ca: Path | None) -> None:
    """Each RFC 3161 time stamp is of the checkpoint, and of an authority that is trusted."""
    stamps = sorted((root / "data/ledger/timestamps").glob("*.tsr"))
    if not stamps:
        say("note", "time stamps: none, the package is unanchored: nobody outside says when its entries were")
    authority = ca or root / "data/ledger/timestamps/authority.pem"
    whose = "the authority that you trust" if ca else "the package's own authority: give its root as --ca"
    for stamp in stamps:
        with tempfile.TemporaryDirectory() as folder:
            when = check_timestamp(root, stamp, Path(folder, "token"), authority)
        if when is None:
            raise Wrong(f"{stamp.name} is no time stamp of this checkpoint by {whose}")
        say("ok" if ca else "note", f"time stamps: {stamp.name} says {when}, by {whose}")


def check_timestamp(root: Path, stamp: Path, token: Path, authority: Path) -> str | None:
    """Return when a stamp was made, as openssl prints it; None where it does not hold.

    Of the answer only the token is looked at: its status is signed by nobody, and is printed before the time.
    """
    openssl("ts", "-reply", "-in", str(stamp), "-token_out", "-out", str(token))
    text = openssl("ts", "-reply", "-in", str(token), "-token_in", "-text").stdout
    when = re.search(r"^Time stamp: (.*)$", text, re.MULTILINE)
    if when is None:
        raise Wrong(f"{stamp.name} is no time stamp")
    # The certificate has to be valid when the stamp was made; it may have ended since.
    made = time.strptime(re.sub(r"\.\d+ ", " ", when[1]), "%b %d %H:%M:%S %Y GMT")
    at = ["-attime", str(calendar.timegm(made))]
    data = ["-data", str(root / "data/ledger/checkpoint"), "-in", str(token), "-token_in"]
    done = openssl("ts", "-verify", *data, "-CAfile", str(authority), *at)
    return None if done.returncode else when[1]


def check_certificate(root: Path, ca: Path | None) -> None:
    """The certificate is signed as it stands, over the list of the files that are here."""
    payload = manifest(root / "manifest-sha256.txt")
    own = {"data/certified-files.sha256", "data/certificate.pdf"}
    wanted = {path: digest for path, digest in payload.items() if path not in own}
    if manifest(root / "data/certified-files.sha256") != wanted:
        raise Wrong("the list of certified files is not that of the files here")
    pdf = (root / "data/certificate.pdf").read_bytes()
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    if not ranges:
        say("note", "certificate: a draft that nobody signed; nobody says that nothing was left out")
        return
    start, length, after, rest = map(int, ranges[-1])
    hexed = re.fullmatch(rb"<([0-9A-Fa-f]*)>", pdf[length:after])
    if len(ranges) != 1 or start or not hexed or after + rest != len(pdf):
        raise Wrong("the signature does not cover the whole of the document")
    covered = pdf[:length] + pdf[after:]
    digest = b"under SHA256 " + sha256(root / "data/certified-files.sha256").encode()
    if digest not in covered:
        raise Wrong("the certificate is about another list of files")
    if cms(bytes.fromhex(hexed[1].decode()), covered, ca).returncode:
        raise Wrong("the signature does not hold" + (" or its signer is not trusted" if ca else ""))
    say("ok", "certificate: the signature holds, over the whole document and the list of files")
    if not ca:
        say("note", "certificate: whose key it is was not checked; give --ca, or look at it with pdfsig")


def cms(signature: bytes, covered: bytes, ca: Path | None) -> subprocess.CompletedProcess[str]:
    """Ask openssl about a detached signature."""
    trusted = ["-CAfile", str(ca), "-purpose", "any"] if ca else ["-noverify"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "signature").write_bytes(der(signature))
        Path(folder, "covered").write_bytes(covered)
        files = ["-in", f"{folder}/signature", "-content", f"{folder}/covered", "-out", f"{folder}/out"]
        return openssl("cms", "-verify", "-binary", "-inform", "DER", *files, *trusted)


def der(padded: bytes) -> bytes:
    """Return the DER value at the beginning, without the zeros that fill its place in a PDF."""
    size, head = padded[1], 2
    if size & 0x80:
        head += size & 0x7F
        size = int.from_bytes(padded[2:head], "big")
    if any(padded[head + size :]):
        raise Wrong("something stands behind the signature")
    return padded[: head + size]


def manifest(file: Path, *, of_data: bool = True) -> dict[str, str]:
    """Return a manifest's digests by path; raise Wrong for a line that is none, a path twice, a way out."""
    listed: dict[str, str] = {}
    text = file.read_bytes().decode("ascii", "replace")
    if not text.endswith("\n"):
        raise Wrong(f"{file.name} has no end")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        match = LINE.fullmatch(line)
        path = match[2] if match else ".."
        if not match or path in listed or ".." in path.split("/") or path.startswith("data/") is not of_data:
            raise Wrong(f"{file.name}, line {number} is no line of a manifest")
        listed[path] = match[1]
    return listed


def read_json(text: str) -> Any:
    """Return what JSON says; raise Wrong for a key that stands twice, which others may read otherwise."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(read := dict(pairs)) < len(pairs):
            raise Wrong("a key stands twice where it can stand once")
        return read

    return json.loads(text, object_pairs_hook=unique)


def from_base64(text: str) -> bytes:
    """Return the bytes of a text in base64, of which there is one for each of them."""
    decoded = base64.b64decode(text, validate=True)
    if base64.b64encode(decoded).decode() != text:
        raise Wrong("something is not in the one form that base64 has for it")
    return decoded


def sha256(file: Path) -> str:
    """Return a file's digest as hex."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        for piece in iter(lambda: opened.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def digest_of(field: str, line: dict[str, Any]) -> str:
    """Return the digest of what a line of custody says, as its entry has it: under the line's own key."""
    said = field.encode() + b"\x00" + line[field].encode()
    return "hmac-sha256:" + hmac.new(bytes.fromhex(line["salt"]), said, hashlib.sha256).hexdigest()


def hexadecimal(text: str) -> str:
    """Return a leaf's hash, or raise Wrong: it becomes the name of a file."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise Wrong("a leaf is named by 64 digits")
    return text


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run openssl."""
    run, command = subprocess.run, ["openssl", *arguments]  # no shell, our words and file names
    try:
        return run(command, capture_output=True, text=True, errors="replace", check=False)  # nosec B603 - our words
    except FileNotFoundError:
        raise Wrong("the openssl command is not there") from None


if __name__ == "__main__":
    sys.exit(main())
