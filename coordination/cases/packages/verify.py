"""Check this package offline: python3 verify.py [--key FILE] [--ca FILE] [PACKAGE]

Needs Python 3.9 or newer and the `openssl` command, and none of the software that made the package. Prints
one line for each finding: `ok`, `note` (true, and for you to weigh) or `FAIL`; ends with 0 only without FAIL.

    --key FILE   the ledger's verifier key as you got it from elsewhere; without it the package's own is used
    --ca FILE    certificates (PEM) that you trust for time stamps and for the signature of the certificate
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*)")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PROOF = "c2sp.org/tlog-proof@v1"
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before a raw key in DER
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
found = {"ok": 0, "note": 0, "FAIL": 0}


def say(word: str, text: str) -> None:
    """Print one finding."""
    found[word] += 1
    print(f"{word:<4} {text}")


class Wrong(Exception):
    """What a check found wrong, in words."""


def main() -> int:
    """Check everything, each part for itself."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--key", type=Path)
    options.add_argument("--ca", type=Path)
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
    print(f"The package does not hold: {total}." if found["FAIL"] else f"The package holds: {total}.")
    return 1 if found["FAIL"] else 0


def check_files(root: Path) -> None:
    """The bag (RFC 8493): every file is listed, every listed file is there and is what it was."""
    if (root / "bagit.txt").read_bytes() != DECLARATION:
        raise Wrong("bagit.txt is not that of a bag of version 1.0")
    tags = manifest(root / "tagmanifest-sha256.txt", of_data=False)
    payload = manifest(root / "manifest-sha256.txt")
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    listed = {**tags, **payload}
    wrong = [f"{path} is not listed" for path in sorted(there - set(listed) - {"tagmanifest-sha256.txt"})]
    size = 0
    for path, digest in sorted(listed.items()):
        file = root / path
        if file.is_symlink() or not file.is_file():
            wrong.append(f"{path} is missing")
            continue
        size += file.stat().st_size if is_data(path) else 0
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
    exhibits = json.loads((root / "data/exhibits.json").read_text("utf-8"))
    by_exhibit = {each["reference"]: each for each in exhibits}
    lines = [json.loads(line) for line in (root / "data/custody.jsonl").read_text("utf-8").splitlines()]
    began: set[str] = set()
    proven = 0
    for line in lines:
        exhibit = by_exhibit[line["exhibit"]]
        entry = check_entry(root, line, exhibit)
        began |= {exhibit["reference"]} if entry["action"] == "evidence.taken_in" else set()
        proven += check_inclusion(root, line["leaf"], checkpoint)
    for exhibit in exhibits:
        if sha256(root / "data" / exhibit["path"]) != exhibit["sha256"]:
            raise Wrong(f"{exhibit['reference']} is not the file that the ledger knows")
        if exhibit["reference"] not in began:
            raise Wrong(f"the custody of {exhibit['reference']} has no beginning")
        say("ok", f"exhibit {exhibit['reference']}: its file is what was taken in, by the ledger's entry")
    say("ok", f"custody: {len(lines)} lines are what the entries of the ledger say")
    if proven == len(lines):
        say("ok", f"ledger: {proven} entries are in the tree of the signed checkpoint")
    else:
        say("note", f"ledger: {len(lines) - proven} of {len(lines)} entries are under no checkpoint yet")


def check_entry(root: Path, line: dict[str, Any], exhibit: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of a line of custody, which says the same."""
    raw = (root / "data/ledger/entries" / f"{hexadecimal(line['leaf'])}.json").read_bytes()
    if hashlib.sha256(b"\x00" + raw).hexdigest() != line["leaf"]:
        raise Wrong(f"line {line['line']}: the entry is another one")
    entry: dict[str, Any] = json.loads(raw)
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
    return entry


def read_checkpoint(root: Path, key_file: Path | None) -> tuple[int, bytes, str] | None:
    """Return size, root hash and text of the checkpoint, whose signature holds; None where there is none."""
    file = root / "data/ledger/checkpoint"
    if not file.exists():
        say("note", "ledger: no checkpoint in this package; nothing outside shows when its entries were made")
        return None
    note = file.read_text("utf-8")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    origin, size, root_hash = text.split("\n")[:3]
    keys = (key_file or root / "data/ledger/verifier-key").read_text("utf-8").split()
    if not any(signed(text, signatures, key) for key in keys):
        raise Wrong("the checkpoint is not signed with the ledger's key")
    whose = (
        "the key that you gave" if key_file else "the package's own key: compare it with the published one"
    )
    say("ok" if key_file else "note", f"ledger: the checkpoint of {origin} is signed with {whose}")
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
        done = openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", *inputs)
    return done.returncode == 0


def check_inclusion(root: Path, leaf: str, checkpoint: tuple[int, bytes, str] | None) -> bool:
    """Tell whether an entry is under the checkpoint; raise Wrong for a proof that does not hold."""
    file = root / "data/ledger/proofs" / f"{hexadecimal(leaf)}.tlog-proof"
    if checkpoint is None or not file.exists():
        return False
    size, root_hash, note = checkpoint
    head, _, carried = file.read_text("utf-8").partition("\n\n")
    lines = head.split("\n")
    if lines[0] != PROOF or not re.fullmatch(r"index (0|[1-9]\d*)", lines[1]) or carried != note:
        raise Wrong(f"the proof of entry {leaf} has another form or another checkpoint")
    path = [from_base64(each) for each in lines[2:]]
    if climb(bytes.fromhex(leaf), int(lines[1][6:]), size, path) != root_hash:
        raise Wrong(f"entry {leaf} is not in the tree of the checkpoint")
    return True


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
    whose = "the authority that you trust" if ca else "the package's own authority: compare it with theirs"
    for stamp in stamps:
        text = openssl("ts", "-reply", "-in", str(stamp), "-text").stdout
        when = re.search(r"^Time stamp: (.*)$", text, re.MULTILINE)
        if when is None:
            raise Wrong(f"{stamp.name} is no time stamp")
        # The certificate has to be valid when the stamp was made; it may have ended since.
        at = ["-attime", str(seconds(when[1]))]
        data = ["-data", str(root / "data/ledger/checkpoint"), "-in", str(stamp), "-CAfile", str(authority)]
        done = openssl("ts", "-verify", *data, *at)
        if done.returncode:
            raise Wrong(f"{stamp.name} is no time stamp of this checkpoint by {whose}")
        said = f"time stamps: {stamp.name} says {when[1]}, by {whose}"
        say("ok" if ca else "note", said)


def seconds(printed: str) -> int:
    """Return the seconds since 1970 of a time as openssl prints it: `Nov 29 06:28:00 2026 GMT`."""
    form = r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d{4}) GMT"
    match = re.fullmatch(form, printed)
    if match is None or match[1] not in MONTHS:
        raise Wrong(f"a time stamp says {printed!r}, which is no time")
    day, hour, minute, second, year = (int(match[each]) for each in range(2, 7))
    return calendar.timegm((year, MONTHS.index(match[1]) + 1, day, hour, minute, second))


def check_certificate(root: Path, ca: Path | None) -> None:
    """The certificate is signed as it stands, over the list of the files that are here."""
    listing = (root / "data/certified-files.sha256").read_bytes()
    payload = manifest(root / "manifest-sha256.txt")
    own = {"data/certified-files.sha256", "data/certificate.pdf"}
    wanted = {path: digest for path, digest in payload.items() if path not in own}
    if manifest(root / "data/certified-files.sha256") != wanted:
        raise Wrong("the list of certified files is not that of the files here")
    pdf = (root / "data/certificate.pdf").read_bytes()
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    if not ranges:
        say("note", "certificate: a draft that nobody signed")
        return
    start, length, after, rest = map(int, ranges[-1])
    hexed = re.fullmatch(rb"<([0-9A-Fa-f]*)>", pdf[length:after])
    if len(ranges) != 1 or start or not hexed or after + rest != len(pdf):
        raise Wrong("the signature does not cover the whole of the document")
    covered = pdf[:length] + pdf[after:]
    digest = b"under SHA256 " + hashlib.sha256(listing).hexdigest().encode()
    if digest not in covered:
        raise Wrong("the certificate is about another list of files")
    done = cms(bytes.fromhex(hexed[1].decode()), covered, ca)
    if done.returncode:
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
        if not match or match[2] in listed or ".." in match[2].split("/") or is_data(match[2]) is not of_data:
            raise Wrong(f"{file.name}, line {number} is no line of a manifest")
        listed[match[2]] = match[1]
    return listed


def from_base64(text: str) -> bytes:
    """Return the bytes of a text in base64, of which there is one for each of them."""
    decoded = base64.b64decode(text, validate=True)
    if base64.b64encode(decoded).decode() != text:
        raise Wrong("something is not in the one form that base64 has for it")
    return decoded


def is_data(path: str) -> bool:
    """Tell whether a file belongs to the payload of the bag."""
    return path.startswith("data/")


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
    try:
        return subprocess.run(  # noqa: S603  # nosec B603 B607 - no shell, our words and file names
            ["openssl", *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise Wrong("the openssl command is not there") from None


if __name__ == "__main__":
    sys.exit(main())
