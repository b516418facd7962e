"""What the files are made of, read from the store: structures, submitted Claims, redistributions; a page at a time."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence

from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import identifiers_of
from cordee.fhir.outcome import NotFound
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.convention import Party
from cordee.store.reader import Reader

_PAGE = 500
_PARTIES_A_SEARCH = 50
_FINESS = "https://finess.esante.gouv.fr|"


async def sealed_pages(
    reader: Reader, resource_type: str, criteria: Sequence[tuple[str, str]]
) -> AsyncIterator[list[Element]]:
    """The matches that are sealed, amounts as Decimals: what others wrote under the same identifier is not ours."""
    wanted = parse_search(resource_type, criteria)
    position = None
    while True:
        page = await reader.search(wanted, count=_PAGE, position=position)
        yield [parsed(version) for version in page.matches if version.sealed]
        position = page.following
        if position is None:
            return


async def read_structure(reader: Reader, structure: str) -> Element:
    """The Organization of that id. Raises NotFound, with what to do."""
    found = await read_by_reference(reader, [f"Organization/{structure}"])
    if not found:
        raise NotFound(f"Organization/{structure} is not stored: name the id of the structure, as in its address.")
    return found[f"Organization/{structure}"]


async def read_by_reference(reader: Reader, references: Iterable[str]) -> dict[str, Element]:
    """The resources stored under these references, those that are not left out."""
    keys = [(kind, id_) for kind, slash, id_ in (reference.partition("/") for reference in references) if slash]
    versions = await reader.read_many(keys)
    return {f"{v.resource_type}/{v.id}": parsed(v) for v in versions.values() if not v.deleted}


def party_of(organization: Element, among: Collection[str] = ()) -> Party:
    """An Organization under the first of its identifiers that is one of `among`, else its FINESS number, else any."""
    reference = f"Organization/{organization['id']}"
    identifiers = sorted(
        identifiers_of(organization), key=lambda text: (text not in among, not text.startswith(_FINESS), text)
    )
    return Party(identifiers[0] if identifiers else reference, organization.get("name", reference))


def parsed(version: StoredVersion) -> Element:
    """A stored resource, amounts as Decimals."""
    return claim_resource(version.body.encode())


def name_of(resource: Element) -> str:
    """The name of an Organization, or the first one of a person."""
    name = resource.get("name", "")
    if isinstance(name, str):
        return name
    first: Element = next(iter(name), {})
    return first.get("text") or " ".join([*first.get("given", ()), first.get("family", "")]).strip()


async def names_of_parties(reader: Reader, parties: Iterable[str]) -> dict[str, str]:
    """The names, by identifier (`system|value`), of the professionals and organisations that are stored."""
    wanted = sorted(parties)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _PARTIES_A_SEARCH):
        some = ",".join(party.replace(",", r"\,") for party in wanted[start : start + _PARTIES_A_SEARCH])
        for resource_type in ("Practitioner", "Organization"):
            page = await reader.search(parse_search(resource_type, [("identifier", some)]), count=1_000)
            for version in page.matches:
                resource = parsed(version)
                found |= dict.fromkeys(identifiers_of(resource), name_of(resource))
    return found
