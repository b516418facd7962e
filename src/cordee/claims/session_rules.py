"""Whether one session counts for a forfait, and which of its performers; each refusal has its reason."""

from datetime import date

from cordee.claims.canonical import CPAM_NUMBER, RPPS
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Member, Session
from cordee.claims.explanation import Explanation, explain
from cordee.pathways.agreed_terms import AgreedTerms
from cordee.pathways.model import Act, Forfait
from cordee.pathways.schedule import PlannedForfait

OUT_OF_SCOPE = frozenset(
    {
        "session.other_patient",
        "session.other_care_plan",
        "session.outside_sequence",
        "session.other_forfait",
    }
)
"""Reasons of sessions that have nothing to do with the forfait: no fault, and no place in its Claim."""

_IDENTIFYING = (f"{RPPS}|", f"{CPAM_NUMBER}|")
_FINISHED = "finished"
_NEVER_COUNTED = {"cancelled": "session.cancelled", "entered-in-error": "session.entered_in_error"}


def act_or_reason(
    dossier: Dossier, planned: PlannedForfait, forfait: Forfait, session: Session
) -> tuple[Act, date] | Explanation:
    """The act that a session counts for and its day, or why it doesn't count, whoever did it."""
    inclusion = dossier.inclusion
    if session.patient != inclusion.patient:
        return explain("session.other_patient")
    if session.care_plan not in {None, inclusion.care_plan}:
        return explain("session.other_care_plan")
    day = session.day
    if day is None:
        return explain("session.no_date")
    if not planned.start <= day <= planned.end:
        return explain("session.outside_sequence", day=day, start=planned.start, end=planned.end)
    known = dossier.terms.acts_by_code
    acts = list({act.code: act for code in session.codes if (act := known.get((code.system, code.code)))}.values())
    if acts and not any(_pays(forfait, act) for act in acts):
        return explain("session.other_forfait", act=acts[0].label)
    if session.status in _NEVER_COUNTED:
        return explain(_NEVER_COUNTED[session.status], day=day)
    if session.status != _FINISHED:
        return explain("session.not_finished", day=day, status=session.status)
    if inclusion.decision is None or day < inclusion.decision.day:
        return explain("session.before_inclusion", day=day)
    if dossier.pathway.consent_required and inclusion.consent is not None and day < inclusion.consent.given_on:
        return explain("session.before_consent", day=day, given=inclusion.consent.given_on)
    if inclusion.exit is not None and day > inclusion.exit.day:
        return explain("session.after_exit", day=day, exit=inclusion.exit.day)
    if not acts:
        written = ", ".join(sorted(code.code for code in session.codes))
        return explain("session.unknown_act", codes=written) if written else explain("session.no_act")
    if len(acts) > 1:
        return explain("session.several_acts", codes=", ".join(sorted(act.code for act in acts)))
    if not session.performers:
        return explain("session.no_performer", day=day)
    return acts[0], day


def _pays(forfait: Forfait, act: Act) -> bool:
    """Whether an act is one of the forfait's; without a list every act is, but a forfait at inclusion pays for none."""
    return act.code in forfait.acts or not (forfait.acts or forfait.trigger == "inclusion")


def member_or_reason(dossier: Dossier, performer: str, day: date) -> Member | Explanation:
    """The member that a performer is on a day, or why their act doesn't count."""
    named = dossier.members_by_reference.get(performer, ())
    if not named:
        return explain("performer.not_in_circle", performer=performer)
    present = [member for member in named if member.present(day)]
    if not present:
        return explain("performer.outside_membership", performer=named[0].name, day=day)
    if len(present) > 1:
        return explain("performer.several_professions", performer=named[0].name)
    member = present[0]
    if not signed(dossier.terms, member, day):
        return explain("performer.not_signatory", performer=member.name, day=day)
    if dossier.pathway.identification_required and not _identified(member):
        return explain("performer.not_identified", performer=member.name)
    return member


def signed(terms: AgreedTerms, member: Member, day: date) -> bool:
    """Whether a member, or an employer for them, had signed the convention on a day (R. 162-131 CSS)."""
    for identifiers, for_employees in ((member.identifiers, False), (member.employers, True)):
        for identifier in identifiers:
            signed_on = terms.signed_on.get((identifier, for_employees))
            if signed_on is not None and signed_on <= day:
                return True
    return False


def _identified(member: Member) -> bool:
    """Whether a member has an RPPS, or the number a CPAM gives (R. 162-133 CSS)."""
    return any(identifier.startswith(_IDENTIFYING) for identifier in member.identifiers)
