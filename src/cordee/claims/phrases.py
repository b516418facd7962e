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
    "price.stated_for_all": Label(
        "forfait de {result_cents}, « {forfait} » (indiqué par {origin})",
        'forfait of {result_cents} for "{forfait}" (stated by {origin})',
    ),
    "price.acts": Label(
        "« {forfait} », au prix de chaque acte : {result_cents} (indiqué par {origin})",
        '"{forfait}", at the price of each act: {result_cents} (stated by {origin})',
    ),
    "price.at_most_the_forfait": Label(
        "actes au prix unitaire, au plus le forfait entier : {result_cents}",
        "acts at their own price, at most the whole forfait: {result_cents}",
    ),
    "price.prorata_done": Label(
        "{base_cents} × {done_acts} / {required_acts} requis = {result_cents}, au centime le plus proche",
        "{base_cents} × {done_acts} / {required_acts} required = {result_cents}, to the nearest cent",
    ),
    "price.prorata_time": Label(
        "{base_cents} × {followed_days} suivis / {all_days} = {result_cents}, au centime le plus proche",
        "{base_cents} × {followed_days} followed / {all_days} = {result_cents}, to the nearest cent",
    ),
    "price.less_included": Label(
        "{base_cents} moins {paid_cents} déjà facturés par {claim} = {result_cents}",
        "{base_cents} less {paid_cents} billed already by {claim} = {result_cents}",
    ),
    "price.capped": Label(
        "{base_cents} ramenés à {result_cents} par le plafond « {cap} » de {cap_cents}, dont {used_cents} déjà "
        "facturés",
        '{base_cents} brought down to {result_cents} by the ceiling "{cap}" of {cap_cents}, of which {used_cents} were '
        "billed already",
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
        "séance du {day}, hors des dates du forfait ({start} au {end})",
        "session of {day}, outside of the forfait's days ({start} to {end})",
    ),
    "session.other_forfait": Label("acte qu'un autre forfait rémunère : {act}", "act that another forfait pays: {act}"),
    "session.before_consent": Label(
        "séance du {day}, avant le consentement du patient le {given}",
        "session of {day}, before the patient's consent on {given}",
    ),
    "session.already_billed": Label(
        "séance déjà facturée dans un autre forfait : {claim}", "session billed already in another forfait: {claim}"
    ),
    "session.paid_by_included": Label(
        "séance déjà payée par un forfait que celui-ci comprend ({claim}) : elle compte parmi les actes requis, "
        "sans part ici",
        "session paid already by a forfait that this one includes ({claim}): it counts among the required acts, "
        "without a part here",
    ),
    "session.incompatible": Label(
        "séance du {day}, non cumulable avec {act} du {other} : {why}",
        "session of {day}, not paid together with {act} of {other}: {why}",
    ),
    "session.over_cap": Label(
        "séance du {day}, au-delà du plafond « {cap} » ({most_acts})",
        'session of {day}, beyond the ceiling "{cap}" ({most_acts})',
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
    "performer.not_identified": Label(
        "{performer} n'a ni RPPS ni numéro attribué par la CPAM : déclarer ce numéro (R. 162-133 CSS)",
        "{performer} has neither an RPPS nor a number given by the CPAM: declare that number (R. 162-133 CSS)",
    ),
    # Before the act.
    "eligibility.no_forfait": Label("aucun forfait du plan ne couvre le {day}", "no forfait of the plan covers {day}"),
    "eligibility.billed_already": Label(
        "le forfait est déjà facturé ({claim}) : la séance donnerait lieu à une régularisation",
        "the forfait is billed already ({claim}): the session would lead to a regularisation",
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
    "missing.project_not_sent": Label(
        "le projet de parcours n'a pas été envoyé à l'ARS : indiquer la date d'envoi dans la convention "
        "(R. 162-134 CSS)",
        "the projet de parcours was not sent to the ARS: state the day in the convention (R. 162-134 CSS)",
    ),
    "missing.project_under_review": Label(
        "l'ARS peut encore s'opposer au projet de parcours envoyé le {sent} : facturable après ce délai",
        "the ARS may still oppose the projet de parcours sent on {sent}: billable once that time has passed",
    ),
    "missing.project_opposed": Label(
        "l'ARS s'est opposée au projet de parcours le {day}", "the ARS opposed the projet de parcours on {day}"
    ),
    "missing.structure_category": Label(
        "{structure} ({found}) n'est pas d'une catégorie qui peut coordonner ce parcours",
        "{structure} ({found}) is not of a category that may coordinate this parcours",
    ),
    "missing.structure_category_unknown": Label(
        "la catégorie de {structure} n'est pas connue : l'indiquer dans Organization.type",
        "the category of {structure} is not known: write it in Organization.type",
    ),
    "missing.structure_legal_form": Label(
        "{structure} ({category}) doit avoir la forme juridique {form} : l'indiquer dans Organization.type",
        "{structure} ({category}) must have the legal form {form}: write it in Organization.type",
    ),
    "missing.team": Label(
        "il manque au cercle de soins : {role} ({here} présent(s) sur {needed})",
        "the care circle lacks: {role} ({here} present, {needed} needed)",
    ),
    "missing.plan_not_active": Label("le parcours du patient n'est pas actif", "the patient's plan is not active"),
    "missing.not_included": Label("l'inclusion n'est pas décidée", "the inclusion is not decided"),
    "missing.pathway_not_in_force": Label(
        "inclusion décidée le {day} : le parcours n'est ouvert que depuis le {opening}, ou ne l'est plus",
        "inclusion decided on {day}: the pathway is open from {opening} only, or no longer",
    ),
    "missing.sequence_not_ended": Label(
        "le forfait est facturable le {end}, pas avant", "the forfait is billable on {end}, not before"
    ),
    "missing.not_renewable": Label(
        "le parcours n'est pas renouvelable et le patient l'a déjà suivi : {found}",
        "the parcours can't be renewed and the patient followed it before: {found}",
    ),
    "missing.prescription": Label(
        "aucune prescription : indiquer le prescripteur, ou le médecin qui a validé l'inclusion",
        "no prescription: name the prescriber, or the doctor who validated the inclusion",
    ),
    "missing.birth_date": Label(
        "la date de naissance du patient n'est pas connue : l'âge est un critère d'inclusion",
        "the patient's birth date is not known: age is a criterion of inclusion",
    ),
    "missing.too_young": Label(
        "le patient n'avait pas l'âge requis le {day} : {minimum_years} au moins",
        "the patient had not the required age on {day}: {minimum_years} at least",
    ),
    "missing.too_old": Label(
        "le patient avait passé l'âge requis le {day} : {maximum_years} au plus",
        "the patient was past the required age on {day}: {maximum_years} at most",
    ),
    "missing.consent": Label(
        "le consentement du patient au parcours et au partage des données n'est pas enregistré",
        "the patient's consent to the parcours and to the sharing of data is not recorded",
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
    "missing.patient_consent_withdrawn": Label(
        "le consentement du patient a pris fin le {day}, avant la fin de la séquence le {end}",
        "the patient's consent ended on {day}, before the séquence ended on {end}",
    ),
    "missing.already_included": Label(
        "ce forfait est compris dans un autre, déjà facturé : {claim}",
        "this forfait is included in another one, billed already: {claim}",
    ),
    "missing.billed_elsewhere": Label(
        "une autre structure, responsable du plan auparavant, a déjà facturé ce forfait : {claim}",
        "another structure, responsible for the plan before, billed this forfait already: {claim}",
    ),
    "missing.nothing_left": Label(
        "les forfaits compris dans celui-ci ont déjà été facturés pour tout son montant de {paid_cents}",
        "the forfaits that this one includes were billed already for its whole amount of {paid_cents}",
    ),
    "missing.cap_reached": Label(
        "le plafond « {cap} » de {cap_cents} est atteint", 'the ceiling "{cap}" of {cap_cents} is reached'
    ),
    "missing.no_session": Label("aucune séance comptée pour ce forfait", "no session counted for this forfait"),
    "missing.act_by": Label(
        "{act} par {by} : {done_acts} compté(s) sur {required_acts} requis",
        "{act} by {by}: {done_acts} counted, {required_acts} required",
    ),
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
