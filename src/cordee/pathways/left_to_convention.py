"""What a pathway leaves to the convention: all that billing needs and no public text gives."""

from collections.abc import Iterator

from cordee.pathways.model import Forfait, Label, Pathway


def left_to_convention(pathway: Pathway) -> tuple[Label, ...]:
    """What a convention of this pathway has to state, in the order of the file."""
    return tuple(_left(pathway))


def _left(pathway: Pathway) -> Iterator[Label]:
    by_sequence = any(forfait.trigger == "end_of_sequence" or forfait.sequences for forfait in pathway.forfaits)
    for sequence in pathway.sequences if by_sequence else ():
        missing = [
            words
            for words, known in (
                (("la durée", "the duration"), sequence.duration),
                (("les actes exigés", "the required acts"), sequence.required_acts),
            )
            if known is None
        ]
        if missing:
            french, english = (" et ".join(m[0] for m in missing), " and ".join(m[1] for m in missing))
            yield Label(f"{french} de la séquence {sequence.code}", f"{english} of the séquence {sequence.code}")
    for forfait in pathway.forfaits:
        yield from _amounts(forfait)
    for known, french, english in (
        (pathway.incomplete_use, "ce que vaut une séquence incomplète", "what an incomplete séquence is worth"),
        (pathway.early_exit, "ce que vaut une séquence quittée avant sa fin", "what a séquence left early is worth"),
    ):
        if known is None and pathway.payment_model == "per_patient":
            yield Label(french, english)
    if pathway.capitation is not None and pathway.capitation.bands is None:
        yield Label("les poids des patients de la liste", "the weights of the listed patients")
    yield Label("la répartition entre les membres", "the split between the members")


def _amounts(forfait: Forfait) -> Iterator[Label]:
    if not forfait.amounts:
        yield Label(f"le montant du forfait {forfait.code}", f"the amount of the forfait {forfait.code}")
    elif any(amount.exact is None for amount in forfait.amounts):
        yield Label(
            f"le montant du forfait {forfait.code}, entre ses deux bornes",
            f"the amount of the forfait {forfait.code}, within its two bounds",
        )
    priced = {amount.act for amount in forfait.amounts}
    if forfait.amounts and None not in priced and (unpriced := [act for act in forfait.acts if act not in priced]):
        yield Label(f"le prix des actes {', '.join(unpriced)}", f"the price of the acts {', '.join(unpriced)}")
