"""Fictitious patients of the tests, and the traits that tell them apart."""

from typing import Any

FR_CORE = "https://hl7.fr/ig/fhir/core"
INS_TEST = "urn:oid:1.2.250.1.213.1.4.10"
NUMBER, OTHER_NUMBER = "255081416802538", "255081416802635"


def patient(
    family: str | None = "Exemple",
    given: str | None = "Camille Lou",
    born: str | None = "1974-12-25",
    sex: str | None = "female",
    place: str | None = "29064",
    **more: Any,
) -> dict[str, Any]:
    """A Patient with the five strict traits; None leaves one out. `ins` is of a qualified identity."""
    name: dict[str, Any] = {"use": "official"}
    if family:
        name["family"] = family
    if given:
        name["given"] = given.split()
    resource: dict[str, Any] = {"resourceType": "Patient", "extension": [], "name": [name]}
    if born:
        resource["birthDate"] = born
    if sex:
        resource["gender"] = sex
    if place:
        insee = {"url": f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code", "valueCoding": {"code": place}}
        birth_place = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"}
        resource["extension"].append(birth_place | {"valueAddress": {"extension": [insee]}})
    if ins := more.pop("ins", None):
        system = more.pop("system", INS_TEST)
        resource["identifier"] = [{"use": "official", "system": system, "value": ins}]
    if more.pop("qualified", bool(ins)):
        coding = {"system": f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}
        status = {"url": "identityStatus", "valueCoding": coding}
        reliability = {"url": f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability", "extension": [status]}
        resource["extension"].append(reliability)
    if not resource["extension"]:
        del resource["extension"]
    if name.keys() == {"use"}:
        del resource["name"]
    return resource | more
