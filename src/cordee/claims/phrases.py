"""The sentences of the engine in both languages, by rule; `{name}` is an input of the rule."""

from collections.abc import Mapping

from cordee.claims.collective.phrases import COLLECTIVE_PHRASES
from cordee.pathways.model import Label

PHRASES: Mapping[str, Label] = {
    # The forfait.
    "price.stated": Label(
        "forfait de {result_cents}, profil « {profile} », « {forfait} » (indiqué par {origin})",
        'forfait of {result_cents} for profile "{profile}", "{forfait}" (stated by {origin})',
    ),
    "price.uplift": Label(
        "{base_cents} plus {of_share} ({uplift}) = {result_cents}",
        "{base_cents} plus {of_share} ({uplift}) = {result_cents}",
    ),
    # The parts.
    "quote_part": Label("{payee} : {result_cents}", "{payee}: {result_cents}"),
    "step.fixed_amount": Label(
        "étape {number}, montant fixe prélevé d'abord : {result_cents}",
        "step {number}, fixed amount off the top: {result_cents}",
    ),
    "step.percentage": Label(
        "étape {number}, part du forfait prélevée d'abord : {result_cents}",
        "step {number}, share of the forfait off the top: {result_cents}",
    ),
    "step.price_per_act": Label(
        "étape {number}, prix par acte réalisé : {result_cents}",
        "step {number}, price per act done: {result_cents}",
    ),
    "step.by_profession": Label(
        "étape {number}, part fixe par profession : {result_cents}",
        "step {number}, fixed share by profession: {result_cents}",
    ),
    "step.remainder": Label(
        "étape {number}, répartition du reste : {result_cents}",
        "step {number}, split of the remainder: {result_cents}",
    ),
    "split.fixed_amount": Label("montant fixe de {result_cents}", "fixed amount of {result_cents}"),
    "split.percentage": Label(
        "{of_share} du forfait de {forfait_cents} = {result_cents}",
        "{of_share} of the forfait of {forfait_cents} = {result_cents}",
    ),
    "split.price": Label(
        "actes réalisés au prix convenu = {result_cents}", "acts done at the agreed price = {result_cents}"
    ),
    "price.act": Label(
        "{act} : {done_acts} × {price_cents} = {result_cents}",
        "{act}: {done_acts} × {price_cents} = {result_cents}",
    ),
    "split.profession": Label(
        "{profession} : {of_share} du forfait de {forfait_cents} = {result_cents}",
        "{profession}: {of_share} of the forfait of {forfait_cents} = {result_cents}",
    ),
    "split.points": Label(
        "{base_cents} × {own_points} / {all_points} = {result_cents}",
        "{base_cents} × {own_points} / {all_points} = {result_cents}",
    ),
    "split.time": Label(
        "{base_cents} × {own_minutes} / {all_minutes} = {result_cents}",
        "{base_cents} × {own_minutes} / {all_minutes} = {result_cents}",
    ),
    "split.heads": Label(
        "{base_cents} partagés entre {all_heads} = {result_cents}",
        "{base_cents} shared between {all_heads} = {result_cents}",
    ),
    "split.percentages": Label(
        "{base_cents} × {own_share} / {all_share} = {result_cents}",
        "{base_cents} × {own_share} / {all_share} = {result_cents}",
    ),
    "split.profession_amount": Label(
        "{profession} : montant fixe de {wanted_cents}", "{profession}: fixed amount of {wanted_cents}"
    ),
    "split.signed": Label(
        "montant de la répartition signée par {signatory} le {day}",
        "amount of the distribution signed by {signatory} on {day}",
    ),
    "step.minimum": Label(
        "complément jusqu'au minimum convenu : {result_cents}", "top-up to the agreed minimum: {result_cents}"
    ),
    "step.free_distribution": Label(
        "étape {number}, répartition libre signée : {result_cents}",
        "step {number}, free distribution signed off: {result_cents}",
    ),
    "limit.minimum": Label(
        "minimum convenu de {minimum_cents}, dont {earned_cents} déjà acquis : {result_cents}",
        "agreed minimum of {minimum_cents}, {earned_cents} of it earned already: {result_cents}",
    ),
    "limit.maximum": Label(
        "maximum convenu de {maximum_cents}, dont {earned_cents} déjà acquis : {result_cents}",
        "agreed maximum of {maximum_cents}, {earned_cents} of it earned already: {result_cents}",
    ),
    "limit.cut": Label(
        "{wanted_cents} ramenés à {result_cents} par le maximum convenu de {maximum_cents}",
        "{wanted_cents} brought down to {result_cents} by the agreed maximum of {maximum_cents}",
    ),
    "limit.of_others": Label(
        "{left_cents} moins {fixed_cents} de ceux que leur minimum ou leur maximum fixe",
        "{left_cents} less {fixed_cents} of those that their minimum or maximum fixes",
    ),
    "limit.reduced": Label(
        "réduit en proportion : il restait {left_cents} pour {all_cents} de minimums",
        "reduced in proportion: {left_cents} were left for {all_cents} of minima",
    ),
    "points.act": Label("{act} : {done_acts}, {gave_points}", "{act}: {done_acts}, {gave_points}"),
    "time.act": Label("{act} : {lasted_minutes}", "{act}: {lasted_minutes}"),
    "split.capped": Label(
        "limité à ce qui restait : {wanted_cents} étaient prévus",
        "limited to what was left: {wanted_cents} were due",
    ),
    "split.reduced": Label(
        "réduit en proportion : il restait {left_cents} pour {all_cents} d'actes",
        "reduced in proportion: {left_cents} were left for {all_cents} of acts",
    ),
    "rounding.cent": Label(
        "dont 1 centime d'arrondi au plus fort reste", "of which 1 cent of rounding, by largest remainder"
    ),
    "rounding.running_total": Label(
        "arrondi sur le cumul des parts du forfait", "rounded on the running total of the shares"
    ),
    "residue.structure": Label(
        "reliquat non réparti, laissé à la structure : {result_cents}",
        "residue nobody earned, left to the structure: {result_cents}",
    ),
    "residue.reserve": Label(
        "reliquat non réparti, mis en réserve : {result_cents}",
        "residue nobody earned, put in reserve: {result_cents}",
    ),
    "zero.outside_split": Label("hors répartition : {why}", "outside of the split: {why}"),
    "zero.no_act": Label("aucun acte compté dans la séquence", "no act counted in the séquence"),
    "zero.no_weight": Label(
        "{done_acts} compté(s), sans poids dans la répartition",
        "{done_acts} counted, without weight in the split",
    ),
    "insurers.total": Label(
        "part AMO : {of_share} de {all_cents} = {amo_cents} ; part AMC, le reste : {amc_cents}",
        "AMO share: {of_share} of {all_cents} = {amo_cents}; AMC share, the rest: {amc_cents}",
    ),
    "insurers.exempt": Label(
        "patient exonéré du ticket modérateur : l'AMO paie les {all_cents}",
        "patient exempt from the copayment: the AMO pays the {all_cents}",
    ),
    "insurers.part": Label(
        "AMO : {whole_amo_cents} × {part_cents} / {all_cents} = {amo_cents} ; AMC, le reste : {amc_cents}",
        "AMO: {whole_amo_cents} × {part_cents} / {all_cents} = {amo_cents}; AMC, the rest: {amc_cents}",
    ),
    "insurers.nothing": Label("rien de l'AMO ni de l'AMC", "nothing from the AMO or the AMC"),
    # Sessions that don't count.
    "session.other_patient": Label("séance d'un autre patient", "session of another patient"),
    "session.other_care_plan": Label("séance d'un autre parcours", "session of another parcours"),
    "session.no_date": Label("séance sans date de début", "session without a starting date"),
    "session.outside_sequence": Label(
        "séance du {day}, hors de la séquence ({start} au {end})",
        "session of {day}, outside of the séquence ({start} to {end})",
    ),
    "session.cancelled": Label("séance du {day} annulée", "session of {day} cancelled"),
    "session.entered_in_error": Label("séance du {day} saisie par erreur", "session of {day} entered in error"),
    "session.not_finished": Label(
        "séance du {day} non terminée (statut {status}) : la clore si elle a eu lieu",
        "session of {day} not finished (status {status}): finish it if it took place",
    ),
    "session.before_inclusion": Label(
        "séance du {day}, avant la décision d'inclusion", "session of {day}, before the inclusion decision"
    ),
    "session.after_exit": Label(
        "séance du {day}, après la sortie du patient le {exit}",
        "session of {day}, after the patient's exit on {exit}",
    ),
    "session.no_act": Label("séance sans code d'acte", "session without an act code"),
    "session.unknown_act": Label(
        "acte inconnu du parcours et de la convention : {codes}",
        "act unknown to the pathway and the convention: {codes}",
    ),
    "session.several_acts": Label(
        "plusieurs actes sur une séance : {codes} ; en saisir une par acte",
        "several acts in one session: {codes}; enter one session for each",
    ),
    "session.no_performer": Label("séance du {day} sans intervenant", "session of {day} without a performer"),
    "session.no_duration": Label(
        "acte compté, mais séance sans durée : aucun poids dans la répartition au temps",
        "act counted, but session without duration: no weight in the split by time",
    ),
    "session.impossible_duration": Label(
        "acte compté, mais durée impossible ({lasted_minutes}, au plus {longest_minutes}) : "
        "aucun poids dans la répartition au temps",
        "act counted, but impossible duration ({lasted_minutes}, at most {longest_minutes}): "
        "no weight in the split by time",
    ),
    "performer.not_in_circle": Label(
        "intervenant absent du cercle de soins : {performer}", "performer not in the care circle: {performer}"
    ),
    "performer.outside_membership": Label(
        "{performer} n'était pas dans le cercle de soins le {day}",
        "{performer} was not in the care circle on {day}",
    ),
    "performer.several_professions": Label(
        "{performer} a plusieurs professions dans le cercle : désigner son PractitionerRole",
        "{performer} has several professions in the circle: name the performer by PractitionerRole",
    ),
    "performer.not_signatory": Label(
        "{performer} n'avait pas signé la convention le {day}",
        "{performer} had not signed the convention on {day}",
    ),
    # What a forfait lacks.
    "missing.until": Label(" (jusqu'au {until})", " (until {until})"),
    "missing.forfait_unknown": Label(
        "le plan n'a pas de forfait « {forfait} »",
        'the plan has no forfait "{forfait}"',
    ),
    "missing.other_pathway": Label(
        "la convention ou l'inclusion porte sur un autre parcours que {pathway} : {found}",
        "the convention or the inclusion is about another pathway than {pathway}: {found}",
    ),
    "missing.other_structure": Label(
        "la convention nomme {identifier}, qui n'est pas un identifiant de {structure}",
        "the convention names {identifier}, which is not an identifier of {structure}",
    ),
    "missing.included_elsewhere": Label(
        "le patient est inclus par {found}, non par {structure}",
        "the patient was included by {found}, not by {structure}",
    ),
    "missing.circle_of_another_patient": Label(
        "le cercle de soins est celui d'un autre patient", "the care circle is another patient's"
    ),
    "missing.convention_not_in_force": Label(
        "la version {version} de la convention n'est pas en vigueur le {start}, début de la séquence",
        "version {version} of the convention is not in force on {start}, when the séquence starts",
    ),
    "missing.plan_not_active": Label("le parcours du patient n'est pas actif", "the patient's plan is not active"),
    "missing.not_included": Label("l'inclusion n'est pas décidée", "the inclusion is not decided"),
    "missing.pathway_not_in_force": Label(
        "inclusion décidée le {day} : le parcours n'est ouvert que depuis le {opening}, ou ne l'est plus",
        "inclusion decided on {day}: the pathway is open from {opening} only, or no longer",
    ),
    "missing.sequence_not_ended": Label(
        "la séquence se termine le {end} : facturable ce jour-là",
        "the séquence ends on {end}: billable that day",
    ),
    "missing.profile_unknown": Label(
        "le profil du patient n'est pas un profil du parcours : {profile}",
        "the patient's profile is not one of the pathway: {profile}",
    ),
    "missing.amount_not_stated": Label(
        "personne n'a indiqué de montant pour {found}", "nobody has stated an amount for {found}"
    ),
    "missing.amount_out_of_range": Label(
        "la convention indique {stated_cents} pour {found}, hors des montants publiés : "
        "{minimum_cents} à {maximum_cents}",
        "the convention states {stated_cents} for {found}, outside of the published {minimum_cents} to {maximum_cents}",
    ),
    "missing.patient_left": Label(
        "le patient a quitté le parcours le {day}, avant la fin de la séquence le {end}",
        "the patient left the parcours on {day}, before the séquence ended on {end}",
    ),
    "missing.patient_died": Label(
        "le patient est décédé le {day}, avant la fin de la séquence le {end}",
        "the patient died on {day}, before the séquence ended on {end}",
    ),
    "missing.no_session": Label("aucune séance comptée dans la séquence", "no session counted in the séquence"),
    "missing.act": Label(
        "{act} : {done_acts} compté(s) sur {required_acts} requis",
        "{act}: {done_acts} counted, {required_acts} required",
    ),
    # Collective payments.
    **COLLECTIVE_PHRASES,
    "missing.distribution_not_signed": Label(
        "la répartition libre de {left_cents} n'est pas signée",
        "the free distribution of {left_cents} is not signed off",
    ),
    "missing.distribution_signed_twice": Label(
        "deux répartitions différentes sont signées le {day} : en retirer une",
        "two different distributions are signed off on {day}: withdraw one",
    ),
    "missing.distribution_sum": Label(
        "la répartition signée fait {stated_cents}, il y a {left_cents} à répartir",
        "the distribution signed off is {stated_cents}, {left_cents} are to be distributed",
    ),
    "missing.distribution_unknown_payee": Label(
        "la répartition signée donne {stated_cents} à {identifier}, qui n'est ni membre du cercle ni bénéficiaire, ou "
        "est hors répartition, ou y a deux professions",
        "the distribution signed off gives {stated_cents} to {identifier}, who is neither a member of the circle nor a "
        "beneficiary, or is outside of the split, or has two professions in it",
    ),
    "missing.distribution_negative": Label(
        "la répartition signée donne {stated_cents} à {payee} : un montant n'est pas négatif",
        "the distribution signed off gives {stated_cents} to {payee}: an amount is not negative",
    ),
    "missing.distribution_too_little": Label(
        "la répartition signée donne {stated_cents} à {payee}, le minimum convenu lui laisse au moins {least_cents}",
        "the distribution signed off gives {stated_cents} to {payee}, the agreed minimum asks for {least_cents}",
    ),
    "missing.distribution_too_much": Label(
        "la répartition signée donne {stated_cents} à {payee}, le maximum convenu lui laisse au plus {most_cents}",
        "the distribution signed off gives {stated_cents} to {payee}, the agreed maximum allows {most_cents} at most",
    ),
}
