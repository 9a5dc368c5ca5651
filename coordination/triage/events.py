"""CloudEvents 1.0 in structured mode: an event that carries a flag, read as that flag.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, section "Context Attributes".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coordination.core.errors import InvalidInput, raise_all

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
TYPE: Final = "safety.flag.v1"
_TEXT: Final = ("id", "source", "time")
_SAID: Final = {"specversion": "1.0", "type": TYPE, "datacontenttype": "application/json"}
_NEEDED: Final = ("specversion", "id", "source", "type", "data")


def flag_of(event: Any) -> dict[str, Any]:
    """Return the flag that an event carries, as the API takes it.

    The event's source and id, which together are unique, are the flag's own id (`source#id`); its time is
    when the content was written where `data` does not say. Other attributes are passed over, as the
    specification asks. Raises InvalidInput, or InvalidInputs, naming the attributes that are wrong.
    """
    if not isinstance(event, Mapping):
        raise InvalidInput("event", "An event is an object.")
    raise_all([InvalidInput(name, said) for name, said in _wrong(event)])
    flag = {"external_id": f"{event['source']}#{event['id']}", **event["data"]}
    if "time" in event:
        flag.setdefault("content_at", event["time"])
    return flag


def _wrong(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NEEDED:
        if name not in event:
            yield name, "This attribute is needed."
    for name in _TEXT:
        if name in event and not (isinstance(event[name], str) and event[name]):
            yield name, "This attribute is text that is not empty."
    for name, wanted in _SAID.items():
        if event.get(name, wanted) != wanted:
            yield name, f"This is {wanted}."
    data = event.get("data", {})
    if not isinstance(data, Mapping):
        yield "data", "The data is an object: the flag."
    elif "external_id" in data:
        yield "data.external_id", "The event's source and id are the flag's id."
