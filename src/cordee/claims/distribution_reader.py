"""Free distributions signed off, from YAML: who gets what of one forfait of one plan, or of one patient list."""

from dataclasses import dataclass

from cordee.claims.evidence import SignedDistribution
from cordee.pathways.convention import Party
from cordee.pathways.split_reader import read_identifier
from cordee.pathways.strict_yaml import Section, open_document

FORMAT = "cordee.distribution/1"


@dataclass(frozen=True, slots=True)
class DistributionFile:
    """A distribution of a forfait of what it is `about` (`CarePlan/abc` or `Group/abc`), and who signed it."""

    about: str
    distribution: SignedDistribution
    signatory: Party


def read_distribution(file: str, text: str) -> DistributionFile:
    """The distribution a YAML text describes; raises FileRefusedError with every problem, naming `file`.

    Whether it adds up to what there is to distribute is known when the forfait is settled.
    """
    root = open_document(file, text)
    root.choice("format", (FORMAT,))
    signed_by = root.section("signed_by")
    signatory = Party(read_identifier(signed_by), signed_by.text("name"))
    signed_by.close()
    distribution = SignedDistribution(
        forfait=root.text("forfait"),
        amounts=_amounts(root.section("amounts")),
        signed_by=signatory.name,
        signed_on=root.day("signed_on"),
    )
    about = _about(root)
    root.close()
    root.document.finish()
    return DistributionFile(about, distribution, signatory)


def _about(root: Section) -> str:
    """The plan of a patient's forfait, or the Group of a collective one's list."""
    if root.has("patient_list") and root.has("care_plan"):
        root.refuse("patient_list", "a distribution is about a care_plan or a patient_list: keep one of the two")
    key, type_, named = (
        ("patient_list", "Group", "list") if root.has("patient_list") else ("care_plan", "CarePlan", "plan")
    )
    about = root.text(key)
    if about and not about.startswith(f"{type_}/"):
        root.refuse(key, f"{about!r} does not name a {named}: write its reference, as in {type_}/abc")
    return about


def _amounts(section: Section) -> tuple[tuple[str, int], ...]:
    if not section.codes():
        section.refuse("", "nobody is named: write who gets what, as in https://rpps.esante.gouv.fr|1: 70.00 EUR")
    for name in section.codes():
        if "|" not in name:
            section.refuse(name, f"{name!r} is not system|value, as in https://rpps.esante.gouv.fr|10000000001")
    return tuple(sorted((name, section.cents(name)) for name in section.codes()))
