"""The price of a forfait before any reduction: one amount, or the sum of its acts; with its explanation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cordee.claims.counting import Counted
from cordee.claims.dossier import Dossier
from cordee.claims.explanation import Explanation, explain
from cordee.claims.incomplete_use import Use, complete
from cordee.pathways.model import Forfait, Label
from cordee.pathways.price import ActPrice, NoPrice, Price, act_price, acts_price, price
from cordee.pathways.schedule import PlannedForfait


@dataclass(frozen=True, slots=True)
class ForfaitPrice:
    """A price and its reason; `by_act`, where acts are what is priced, has the cents before uplift of each."""

    price: Price
    explanation: Explanation
    by_act: Mapping[str, int] | None = None


def forfait_price(
    dossier: Dossier, planned: PlannedForfait, forfait: Forfait, counted: Counted, use: Use
) -> ForfaitPrice | NoPrice:
    """The price of a planned forfait; the amounts in force on the day of inclusion for what is paid by séquence.

    What repeats is at the price in force on its first day, acts at that of their day.
    """
    if forfait.trigger == "per_act":
        return _of_acts(dossier, planned, forfait, counted)
    decision = dossier.inclusion.decision
    repeated = forfait.trigger in {"per_period", "per_year"}
    day = planned.start if repeated or decision is None else decision.day
    whole = price(dossier.pathway, dossier.convention, dossier.inclusion.profile, planned, dossier.sequences, day)
    if isinstance(whole, NoPrice):
        return whole
    stated = _stated(dossier, planned, whole)
    if use.policy != "per_act" or complete(planned, use):
        return ForfaitPrice(whole, stated)
    acts = _of_acts(dossier, planned, forfait, counted)
    if isinstance(acts, NoPrice) or acts.price.cents <= whole.cents:
        return acts
    because = (acts.explanation, stated)
    return ForfaitPrice(whole, explain("price.at_most_the_forfait", whole.cents, because), acts.by_act)


def _of_acts(dossier: Dossier, planned: PlannedForfait, forfait: Forfait, counted: Counted) -> ForfaitPrice | NoPrice:
    """The price of each act counted: one a session, or one a performer where the forfait's unit says so."""
    performers = forfait.unit == "EUR per act and performer"
    done = {(act.session, act.member if performers else ""): (act.act, act.day) for act in counted.acts}
    lines: Counter[tuple[str, ActPrice]] = Counter()
    found: dict[tuple[str, date], ActPrice | NoPrice] = {}
    for act, day in done.values():
        if (act, day) not in found:
            profile = dossier.inclusion.profile
            found[act, day] = act_price(dossier.pathway, dossier.convention, forfait.code, profile, act, day)
        one = found[act, day]
        if isinstance(one, NoPrice):
            return one
        lines[act, one] += 1
    by_act: Counter[str] = Counter()
    because = []
    for (act, one), times in sorted(lines.items(), key=lambda line: (line[0][0], line[0][1].cents)):
        by_act[act] += one.cents * times
        label = dossier.act_labels.get(act, Label(act, act))
        because.append(explain("price.act", one.cents * times, done_acts=times, act=label, price_cents=one.cents))
    base = sum(by_act.values())
    by_convention = any(one.by_convention for _, one in lines)
    summed = acts_price(dossier.pathway, dossier.convention, base, planned.start, by_convention=by_convention)
    if isinstance(summed, NoPrice):
        return summed
    why = explain("price.acts", base, tuple(because), forfait=planned.label, origin=summed.origin)
    return ForfaitPrice(summed, _uplifted(summed, why), dict(by_act))


def _stated(dossier: Dossier, planned: PlannedForfait, found: Price) -> Explanation:
    profile = next((p.label for p in dossier.pathway.profiles if p.code == dossier.inclusion.profile), None)
    label, base = planned.label, found.base
    if profile is None:
        why = explain("price.stated_for_all", base, forfait=label, base_cents=base, origin=found.origin)
    else:
        why = explain("price.stated", base, profile=profile, forfait=label, base_cents=base, origin=found.origin)
    return _uplifted(found, why)


def _uplifted(found: Price, why: Explanation) -> Explanation:
    if found.uplift is None:
        return why
    rate, label = found.uplift.basis_points, found.uplift.label
    return explain("price.uplift", found.cents, (why,), base_cents=found.base, of_share=rate, uplift=label)
