"""CloudEvents 1.0 in structured mode: an event that carries a flag, read as that flag.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, section "Context Attributes".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from coordination.core.errors import InvalidInput, raise_all

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
TYPE: Final = "safety.flag.v1"
# Together, with the # between them, they are a flag's own id.
LONGEST: Final = {"id": 60, "source": 59}
_SAID: Final = {"specversion": "1.0", "type": TYPE, "datacontenttype": "application/json"}
_NEEDED: Final = ("specversion", "id", "source", "type", "data")


def flag_of(event: Any) -> dict[str, Any]:
    """Return the flag that an event carries, as the API takes it.

    The event's source and id, which together are unique, are the flag's own id (`source#id`). When the
    content was written stands in `data`: the event's time is the event's. Other attributes are passed over,
    as the specification asks. Raises InvalidInput, or InvalidInputs, naming the attributes that are wrong.
    """
    if not isinstance(event, Mapping):
        raise InvalidInput("event", "An event is an object.")
    raise_all([InvalidInput(name, said) for name, said in _wrong(event)])
    return {"external_id": f"{event['source']}#{event['id']}", **event["data"]}


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= longest and "\x00" not in value


def _wrong(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NEEDED:
        if name not in event:
            yield name, "This attribute is needed."
    for name, longest in LONGEST.items():
        if name in event and not _is_text(event[name], longest):
            yield name, f"This attribute is text of 1 to {longest} characters."
    for name, wanted in _SAID.items():
        if event.get(name, wanted) != wanted:
            yield name, f"This is {wanted}."
    data = event.get("data", {})
    if not isinstance(data, Mapping):
        yield "data", "The data is an object: the flag."
    elif "external_id" in data:
        yield "data.external_id", "The event's source and id are the flag's id."
