"""The package as CASE/UCO JSON-LD (Cyber-investigation Analysis Standard Expression 1.4, UCO 1.4)."""

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

from coordination.cases.packages.contents import Event, Item

ONTOLOGY: Final = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT: Final = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "kb": "urn:coordination:kb:",
    "uco-action": f"{ONTOLOGY}/action/",
    "uco-core": f"{ONTOLOGY}/core/",
    "uco-identity": f"{ONTOLOGY}/identity/",
    "uco-observable": f"{ONTOLOGY}/observable/",
    "uco-types": f"{ONTOLOGY}/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_NAMES: Final = uuid.UUID("5d1c3f6e-0e0a-5b0e-9d86-3a6f0f0f7c11")

Node = dict[str, Any]


def document(case_reference: str, items: Sequence[Item], events: Iterable[Event]) -> bytes:
    """Return the JSON-LD of exhibits, their provenance and every act of their custody."""
    people: dict[str, Node] = {}
    nodes: list[Node] = []
    for item in items:
        nodes += [_file(item), _provenance(item)]
    for event in events:
        people.setdefault(event.by, _person(event.by))
        nodes.append(_action(event))
    nodes += people.values()
    bundle = {
        "@id": _id("Bundle", case_reference),
        "@type": "uco-core:Bundle",
        "uco-core:name": f"Package of case {case_reference}",
        "uco-core:object": [_ref(each["@id"]) for each in nodes],
    }
    investigation = {
        "@id": _id("Investigation", case_reference),
        "@type": "case-investigation:Investigation",
        "uco-core:name": case_reference,
        "uco-core:object": [_ref(_id("ProvenanceRecord", each.reference)) for each in items],
    }
    graph = {"@context": CONTEXT, "@graph": [bundle, investigation, *nodes]}
    return json.dumps(graph, indent=1, ensure_ascii=False).encode() + b"\n"


def _file(item: Item) -> Node:
    hashed = {
        "@id": _id("Hash", item.reference),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": item.sha256.upper()},
    }
    content = {
        "@id": _id("ContentDataFacet", item.reference),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:mimeType": item.media_type,
        "uco-observable:sizeInBytes": _integer(item.size),
        "uco-observable:hash": [hashed],
    }
    named = {
        "@id": _id("FileFacet", item.reference),
        "@type": "uco-observable:FileFacet",
        "uco-observable:fileName": item.filename,
        "uco-observable:filePath": f"data/{item.path}",
    }
    return {
        "@id": _id("File", item.reference),
        "@type": "uco-observable:File",
        "uco-core:name": item.reference,
        "uco-core:hasFacet": [content, named],
    }


def _provenance(item: Item) -> Node:
    record: Node = {
        "@id": _id("ProvenanceRecord", item.reference),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": item.what or item.filename,
        "case-investigation:exhibitNumber": item.reference,
        "uco-core:object": [_ref(_id("File", item.reference))],
    }
    return record


def _action(event: Event) -> Node:
    return {
        "@id": _id("InvestigativeAction", event.leaf),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": event.done,
        "uco-core:description": event.why,
        "uco-action:startTime": {"@type": "xsd:dateTime", "@value": event.at},
        "uco-action:endTime": {"@type": "xsd:dateTime", "@value": event.at},
        "uco-action:performer": _ref(_id("Identity", event.by)),
        "uco-action:object": [_ref(_id("File", event.exhibit))],
        "uco-action:result": [_ref(_id("ProvenanceRecord", event.exhibit))],
    }


def _person(name: str) -> Node:
    return {"@id": _id("Identity", name), "@type": "uco-identity:Identity", "uco-core:name": name}


def _id(kind: str, name: str) -> str:
    return f"kb:{kind}-{uuid.uuid5(_NAMES, f'{kind} {name}')}"


def _ref(node_id: str) -> Node:
    return {"@id": node_id}


def _integer(value: int) -> Node:
    return {"@type": "xsd:integer", "@value": str(value)}
