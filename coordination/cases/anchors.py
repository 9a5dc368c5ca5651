"""Asking the authority outside for time stamps: the ledger's question, by the client of the channels.

The ledger stands below the channels and knows no client; here the two meet, under the channels' rules of
egress and their deadline.
"""

from coordination.cases.services import alarms
from coordination.channels import DeliveryError, HttpClient
from coordination.ledger import anchoring
from coordination.ledger.anchoring import AuthorityFailed, Checkpoint


def anchor_newest() -> bool:
    """Have the newest checkpoint stamped where that is due; tell whether it was.

    An answer that is not good, and none, is on record, and administrators are told.
    """
    return _anchor(anchoring.due())


def anchor_latest() -> bool:
    """Have the newest checkpoint stamped now, for somebody who waits for it; as `anchor_newest` otherwise."""
    return _anchor(anchoring.due(now=True))


def _anchor(checkpoint: Checkpoint | None) -> bool:
    if checkpoint is None:
        return False
    try:
        anchoring.anchor(checkpoint, post=post)
    except AuthorityFailed as error:
        alarms.alarm(alarms.ANCHORS, str(error))
        return False
    alarms.all_clear(alarms.ANCHORS, "The authority gave a stamp that holds.")
    return True


def post(address: str, query: bytes) -> bytes:
    """Send a query to the authority and return its answer (anchoring.Post)."""
    client = HttpClient(largest_answer=anchoring.LARGEST_ANSWER)
    headers = {"Content-Type": anchoring.QUERY, "Accept": anchoring.REPLY}
    try:
        answer = client.post(address, query, headers=headers)
    except DeliveryError as error:
        raise AuthorityFailed(f"The authority did not answer: {error}") from error
    finally:
        client.close()
    if answer.truncated:
        raise AuthorityFailed(f"The answer is larger than {anchoring.LARGEST_ANSWER} bytes.")
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != anchoring.REPLY:
        raise AuthorityFailed(f"The answer is not of the type {anchoring.REPLY}.")
    return answer.body
