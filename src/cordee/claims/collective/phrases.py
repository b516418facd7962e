"""The sentences of collective payments in both languages, by rule; part of `cordee.claims.phrases.PHRASES`."""

from collections.abc import Mapping

from cordee.pathways.model import Label

COLLECTIVE_PHRASES: Mapping[str, Label] = {
    "collective.capitation": Label(
        "forfait de la patientèle lue le {day} : {result_cents}",
        "forfait of the patient list as read on {day}: {result_cents}",
    ),
    "collective.shared_savings": Label(
        "intéressement du groupement : {result_cents}", "shared savings of the group: {result_cents}"
    ),
    "rounding.half_up": Label("arrondi au centime le plus proche", "rounded to the nearest cent"),
    "capitation.weighted_list": Label(
        "{number} patient(s), soit {weighted} pondérés × {base_cents} = {result_cents}",
        "{number} patient(s), {weighted} when weighted × {base_cents} = {result_cents}",
    ),
    "capitation.band": Label("{band} : {number} × {weight} = {weighted}", "{band}: {number} × {weight} = {weighted}"),
    "capitation.care_elsewhere": Label(
        "soins reçus hors de l'équipe, déduits : {result_cents}", "care received elsewhere, deducted: {result_cents}"
    ),
    "capitation.stated_total": Label(
        "total indiqué par la caisse : {stated_cents} ({report})",
        "total stated by the caisse: {stated_cents} ({report})",
    ),
    "capitation.stated_lines": Label(
        "somme indiquée par la caisse pour {number} patient(s) : {stated_cents}",
        "sum stated by the caisse for {number} patient(s): {stated_cents}",
    ),
    "capitation.floor": Label(
        "limité au montant de la patientèle : {wanted_cents} étaient indiqués, le forfait n'est jamais négatif",
        "limited to the amount of the list: {wanted_cents} were stated, the forfait is never negative",
    ),
    "capitation.growth_cap": Label(
        "plafond de {cap_cents}, soit {reference_cents} ({report}) augmentés de {growth_share} : {result_cents}",
        "cap of {cap_cents}, {reference_cents} ({report}) plus {growth_share}: {result_cents}",
    ),
    "capitation.under_growth_cap": Label(
        "plafond de {cap_cents}, soit {reference_cents} ({report}) augmentés de {growth_share}, non atteint",
        "cap of {cap_cents}, {reference_cents} ({report}) plus {growth_share}, not reached",
    ),
    "list.absent": Label(
        "{number} inscription(s) hors de la liste le {day}", "{number} listing(s) not on the list on {day}"
    ),
    "list.died": Label(
        "{patient}, décès le {day} : non compté, mettre fin à son inscription",
        "{patient}, died on {day}: not counted, end their listing",
    ),
    "list.care_elsewhere_unused": Label(
        "{report} : {stated_cents} de soins hors de l'équipe pour {patient}, qui n'est pas sur la liste : non déduits",
        "{report}: {stated_cents} of care elsewhere for {patient}, who is not on the list: not deducted",
    ),
    "savings.formula": Label(
        "{shared} × ({change_weight} × {change} + {level_weight} × {level}) × {patients} patient(s) = {result_cents} "
        "({report})",
        "{shared} × ({change_weight} × {change} + {level_weight} × {level}) × {patients} patient(s) = {result_cents} "
        "({report})",
    ),
    "savings.floored": Label(
        "gain en {kind} négatif ({gain}), compté pour zéro", "negative {kind} gain ({gain}), counted as zero"
    ),
    "savings.withheld": Label(
        "effet du score de qualité : {result_cents}", "effect of the quality score: {result_cents}"
    ),
    "savings.alone": Label(
        "le score de qualité est sans effet sur le montant, selon la convention",
        "the quality score has no effect on the amount, says the convention",
    ),
    "savings.threshold_reached": Label(
        "score de {score} pour un seuil de {against} : atteint, {factor} du montant",
        "score of {score} against a threshold of {against}: reached, {factor} of the amount",
    ),
    "savings.threshold_missed": Label(
        "score de {score} pour un seuil de {against} : non atteint, {factor} du montant",
        "score of {score} against a threshold of {against}: not reached, {factor} of the amount",
    ),
    "savings.proportional": Label(
        "score de {score} sur {against} : {factor} du montant",
        "score of {score} out of {against}: {factor} of the amount",
    ),
    "savings.assured": Label("{of_share} acquis quel que soit le score", "{of_share} due whatever the score"),
    "quality.score": Label("score de qualité : {score} ({report})", "quality score: {score} ({report})"),
    "quality.indicator": Label("{indicator} : {given} point(s)", "{indicator}: {given} point(s)"),
    "quality.patient_experience": Label(
        "expérience des patients : {given} point(s)", "patient experience: {given} point(s)"
    ),
    "quality.target_reached": Label("{value} : cible de {target} atteinte", "{value}: target of {target} reached"),
    "quality.intermediate_reached": Label(
        "{value} : objectif intermédiaire de {intermediate} atteint, cible de {target} non atteinte",
        "{value}: intermediate objective of {intermediate} reached, target of {target} not reached",
    ),
    "quality.progress": Label(
        "{value} : objectif intermédiaire de {intermediate} non atteint, en progrès depuis {previous}",
        "{value}: intermediate objective of {intermediate} not reached, progress since {previous}",
    ),
    "quality.no_progress": Label(
        "{value} : objectif intermédiaire de {intermediate} non atteint, sans progrès depuis {previous}",
        "{value}: intermediate objective of {intermediate} not reached, no progress since {previous}",
    ),
    "quality.below_intermediate": Label(
        "{value} : objectif intermédiaire de {intermediate} non atteint, année précédente non indiquée",
        "{value}: intermediate objective of {intermediate} not reached, the year before is not stated",
    ),
    "collective.not_billed": Label(
        "reliquat que la convention laisse non facturé : {result_cents}",
        "residue the convention leaves unbilled: {result_cents}",
    ),
    "missing.period_length": Label(
        "la période {period} n'a pas la durée de ce forfait ({length})",
        "the period {period} has not the length of this forfait ({length})",
    ),
    "missing.period_not_reached": Label("facturable à partir du {day}", "billable from {day}"),
    "missing.pathway_not_yet_open": Label(
        "la période commence le {day} : le parcours n'est ouvert que depuis le {opening}, ou ne l'est plus",
        "the period begins on {day}: the pathway is open from {opening} only, or no longer",
    ),
    "missing.insurer_not_named": Label(
        "la convention ne nomme pas la caisse (insurer)", "the convention names no caisse (insurer)"
    ),
    "missing.formula_not_in_force": Label(
        "la formule publiée n'est pas en vigueur pour {year}", "the published formula is not in force for {year}"
    ),
    "missing.base_not_stated": Label(
        "personne n'a indiqué le montant par patient pondéré : l'écrire dans la convention (amounts)",
        "nobody has stated the amount per weighted patient: write it in the convention (amounts)",
    ),
    "missing.weights_not_stated": Label(
        "personne n'a indiqué les pondérations : les écrire dans la convention (weight_bands)",
        "nobody has stated the weights: write them in the convention (weight_bands)",
    ),
    "missing.too_few_patients": Label(
        "{found} patient(s) sur la liste : il en faut au moins {minimum}",
        "{found} patient(s) on the list: at least {minimum} are needed",
    ),
    "missing.reference_not_stated": Label(
        "la rémunération de référence de la période n'est pas indiquée (MeasureReport, reference-remuneration)",
        "the reference remuneration of the period is not stated (MeasureReport, reference-remuneration)",
    ),
    "missing.care_elsewhere_not_stated": Label(
        "les soins reçus hors de l'équipe ne sont pas indiqués (MeasureReport, care-elsewhere) : écrire 0 s'il n'y "
        "en a pas",
        "care received elsewhere is not stated (MeasureReport, care-elsewhere): write 0 if there is none",
    ),
    "missing.care_elsewhere_differs": Label(
        "soins hors de l'équipe : total de {total_cents}, mais lignes de {lines_cents} pour les patients de la liste",
        "care elsewhere: a total of {total_cents}, but lines of {lines_cents} for the patients of the list",
    ),
    "missing.listed_twice": Label(
        "{patient} figure deux fois sur la liste le {day} : n'en garder qu'une inscription",
        "{patient} is on the list twice on {day}: keep one listing",
    ),
    "missing.listed_elsewhere": Label(
        "{patient} figure aussi le {day} sur la liste {group}, d'une autre structure : mettre fin à une inscription",
        "{patient} is also on {group}, another structure's list, on {day}: end one of the listings",
    ),
    "missing.birth_date_unknown": Label(
        "{patient} : date de naissance absente, aucun âge", "{patient}: no birth date, hence no age"
    ),
    "missing.birth_date_partial": Label(
        "{patient} : date de naissance incomplète, deux pondérations possibles",
        "{patient}: incomplete birth date, two weights are possible",
    ),
    "missing.born_later": Label("{patient} : naissance après le {day}", "{patient}: born after {day}"),
    "missing.no_weight": Label(
        "{patient} : aucune pondération ne correspond, en prévoir une dans la convention",
        "{patient}: no weight fits, state one in the convention",
    ),
    "missing.several_weights": Label(
        "{patient} : plusieurs pondérations, aucune plus précise que les autres ({bands}) : en prévoir une "
        "pour leur cumul",
        "{patient}: several weights, none more specific than the others ({bands}): state one for those who have both",
    ),
    "missing.change_gain_not_stated": Label(
        "le gain en évolution par patient n'est pas indiqué (MeasureReport, change-gain)",
        "the change gain per patient is not stated (MeasureReport, change-gain)",
    ),
    "missing.level_gain_not_stated": Label(
        "le gain en écart par patient n'est pas indiqué (MeasureReport, level-gain)",
        "the level gain per patient is not stated (MeasureReport, level-gain)",
    ),
    "missing.patient_count_not_stated": Label(
        "le nombre de patients n'est pas indiqué (MeasureReport, patient-count)",
        "the number of patients is not stated (MeasureReport, patient-count)",
    ),
    "missing.quality_rule_not_stated": Label(
        "aucun texte public ne dit comment le score de qualité agit sur l'intéressement : l'écrire dans la convention "
        "(collective, quality) ; les deux composantes sont données, rien n'est facturé",
        "no public text says how the quality score acts on the savings: write it in the convention (collective, "
        "quality); "
        "both components are given, nothing is billed",
    ),
    "missing.experience_not_stated": Label(
        "les points d'expérience des patients ne sont pas indiqués (sur {most_points})",
        "the points of patient experience are not stated (out of {most_points})",
    ),
    "missing.indicator_not_stated": Label(
        "les points de l'indicateur « {indicator} » ne sont pas indiqués", 'the points of "{indicator}" are not stated'
    ),
    "missing.indicator_unknown": Label(
        "l'indicateur {indicator} n'est pas un indicateur du parcours", "{indicator} is not an indicator of the pathway"
    ),
    "missing.indicator_twice": Label("l'indicateur {indicator} est indiqué deux fois", "{indicator} is stated twice"),
    "missing.indicator_objectives": Label(
        "indicateur {indicator} : l'objectif intermédiaire est plus exigeant que la cible",
        "{indicator}: the intermediate objective is harder than the target",
    ),
    "missing.points_out_of_range": Label(
        "{indicator} : {found} points, hors de 0 à {most}", "{indicator}: {found} points, outside of 0 to {most}"
    ),
}
