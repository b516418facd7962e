"""A parcours on a terminal, in French: a line in a list, what was checked, or a whole sheet."""

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from cordee.pathways.durations import Duration
from cordee.pathways.left_to_convention import left_to_convention
from cordee.pathways.model import Amount, Eligibility, Pathway, Sequence, Source, Validity
from cordee.pathways.money import in_french, percent_text

_MODELS = {"per_patient": "par patient", "capitation": "capitation", "shared_savings": "économies partagées"}
_NATURES = {"law": "texte", "official": "page officielle", "draft_opinion": "avis sur un projet", "press": "rapporté"}
_TRIGGERS = {
    "inclusion": "à l'inclusion",
    "end_of_sequence": "à la fin de la séquence",
    "per_period": "à chaque période",
    "per_act": "à l'acte",
    "per_listed_patient": "par patient de la liste",
    "per_year": "chaque année",
}


def checked_lines(file: str, pathway: Pathway) -> Iterator[str]:
    """What a sound file is, and what it leaves to the convention."""
    yield f"{file} : {pathway.code} version {pathway.version}, sans erreur ; {_amounts_counted(pathway)}"
    yield "  à indiquer dans la convention :"
    for label in left_to_convention(pathway):
        yield f"    - {label.fr}"
    if pathway.not_public:
        yield "  n'est pas public :"
    for label in pathway.not_public:
        yield f"    - {label.fr}"


def listed(pathways: Mapping[str, Pathway]) -> Table:
    """The parcours, one a line."""
    table = Table()
    for column in ("code", "version", "parcours", "paiement", "montants publics"):
        table.add_column(column, overflow="fold")
    for code, pathway in sorted(pathways.items()):
        amounts = str(len(pathway.amounts)) if pathway.amounts else "aucun"
        table.add_row(code, pathway.version, escape(pathway.label.fr), _MODELS[pathway.payment_model], amounts)
    return table


def sheet(pathway: Pathway) -> Iterator[RenderableType]:
    """All that is known of a parcours, part by part."""
    sources = {source.code: source for source in pathway.sources}
    yield f"[bold]{escape(pathway.label.fr)}[/bold] ({pathway.code}, version {escape(pathway.version)})"
    yield f"en vigueur {_days(pathway.validity)} ; paiement : {_MODELS[pathway.payment_model]}"
    if inclusion := ", ".join(_inclusion(pathway.eligibility)):
        yield f"inclusion : {escape(inclusion)}"
    if pathway.structures:
        yield f"structures : {escape(', '.join(structure.label.fr for structure in pathway.structures))}"
    if pathway.team:
        yield f"équipe : {escape(', '.join(role.label.fr for role in pathway.team))}"
    if pathway.profiles:
        yield f"profils : {escape(', '.join(f'{p.code} ({p.label.fr})' for p in pathway.profiles))}"
    if pathway.sequences:
        yield _sequences(pathway.sequences)
    if pathway.forfaits:
        yield _forfaits(pathway, sources)
    for cap in pathway.caps:
        yield f"plafond : {escape(cap.label.fr)} ({escape(sources[cap.source].title)})"
    for uplift in pathway.uplifts:
        share = percent_text(uplift.basis_points, ",")
        yield f"{escape(uplift.label.fr)} : {share}, {_days(uplift.validity)} ({escape(sources[uplift.source].title)})"
    if pathway.facts:
        yield "[bold]Publié par ailleurs[/bold]"
    for fact in pathway.facts:
        yield f"  - {escape(fact.label.fr)} ({escape(sources[fact.source].title)})"
    yield "[bold]À indiquer dans la convention[/bold]"
    for label in left_to_convention(pathway):
        yield f"  - {escape(label.fr)}"
    if pathway.not_public:
        yield "[bold]N'est pas public[/bold]"
    for label in pathway.not_public:
        yield f"  - {escape(label.fr)}"
    yield _sources(pathway)


def _amounts_counted(pathway: Pathway) -> str:
    number = len(pathway.amounts)
    if not number:
        return "aucun montant public"
    return f"{number} montant{'s' if number > 1 else ''} public{'s' if number > 1 else ''}"


def _inclusion(eligibility: Eligibility) -> Iterator[str]:
    if eligibility.minimum_age is not None:
        yield f"à partir de {eligibility.minimum_age} ans"
    if eligibility.maximum_age is not None:
        yield f"jusqu'à {eligibility.maximum_age} ans inclus"
    if eligibility.levels:
        yield f"niveaux {' et '.join(eligibility.levels)}"
    yield from (condition.label.fr for condition in eligibility.conditions)
    if eligibility.medical_prescription:
        yield "prescription médicale"


def _sequences(sequences: tuple[Sequence, ...]) -> Table:
    table = Table(title="Séquences")
    for column in ("code", "séquence", "durée", "actes exigés"):
        table.add_column(column, overflow="fold")
    for sequence in sequences:
        if sequence.required_acts is None:
            acts = "non publics"
        else:
            acts = ", ".join(f"{required.count} {required.act}" for required in sequence.required_acts) or "aucun"
        duration = "non publique" if sequence.duration is None else _duration(sequence.duration)
        table.add_row(sequence.code, escape(sequence.label.fr), duration, acts)
    return table


def _forfaits(pathway: Pathway, sources: Mapping[str, Source]) -> Table:
    table = Table(title="Forfaits")
    for column in ("forfait", "dû", "pour", "montant", "en vigueur", "source"):
        table.add_column(column, overflow="fold", no_wrap=column == "montant")
    for forfait in pathway.forfaits:
        name, due = escape(forfait.label.fr), _TRIGGERS[forfait.trigger]
        for amount in forfait.amounts:
            scope = ", ".join(filter(None, (amount.profile, amount.sequence, amount.act))) or "tout"
            days, source = _days(amount.validity), escape(sources[amount.source].title)
            table.add_row(name, due, scope, _amount(amount), days, source)
            name = due = ""
        if not forfait.amounts:
            table.add_row(name, due, ", ".join(forfait.sequences or forfait.acts) or "tout", "non public", "", "")
    return table


def _sources(pathway: Pathway) -> Table:
    table = Table(title="Sources")
    for column in ("source", "nature", "date", "adresse"):
        table.add_column(column, overflow="fold")
    for source in pathway.sources:
        if source.published_on is not None:
            day = source.published_on.isoformat()
        else:
            day = f"lue le {source.read_on.isoformat()}" if source.read_on is not None else ""
        address = source.address or "sans adresse publique"
        table.add_row(escape(source.title), _NATURES[source.nature], day, address)
    return table


def _amount(amount: Amount) -> str:
    if amount.exact is not None:
        return in_french(amount.exact)
    return f"de {in_french(amount.minimum)} à {in_french(amount.maximum)}"


def _days(validity: Validity) -> str:
    end = "" if validity.last is None else f" jusqu'au {validity.last.isoformat()}"
    return f"depuis le {validity.first.isoformat()}{end}"


def _duration(duration: Duration) -> str:
    parts = [f"{duration.months} mois" if duration.months else "", f"{duration.days} j" if duration.days else ""]
    return " ".join(filter(None, parts))
