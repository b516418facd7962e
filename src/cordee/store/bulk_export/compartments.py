"""What belongs to patients: the rows of a type in the compartment of any or some (R4 compartmentdefinition.html)."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, any_, false, func, literal_column, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from cordee.fhir.definitions import load_definitions
from cordee.fhir.search_expressions import reference_targets
from cordee.store.index_values import PRESENT, form_hash, parameter_key, reference_hash
from cordee.store.schema import resource
from cordee.store.search_sql import NUMBER, NUMBERS, TEXT, Arguments

FEW_PATIENTS = 2_000
"""Of whom everything is looked up one by one; for more, a type is gone through once."""


def compartment_types() -> tuple[str, ...]:
    """The types that may belong to a patient, patients first."""
    members = load_definitions().compartments["Patient"]
    return ("Patient", *sorted(members.keys() - {"Patient"}))


def of_patients(
    tenant: int, resource_type: str, patients: tuple[str, ...] | None, given: Arguments
) -> tuple[ColumnElement[bool], list[Any]]:
    """The condition on `resource` that it is of one of the patients, of any when None; and its arguments."""
    if resource_type == "Patient":
        if patients is None:
            return true(), []
        return resource.c.id == any_(given.next(ARRAY(Text))), [list(patients)]
    codes = load_definitions().compartments["Patient"].get(resource_type, ())
    keys = {code: parameter_key(tenant, resource_type, code) for code in codes}
    if patients is not None and len(patients) <= FEW_PATIENTS:
        terms = [reference_hash("Patient", one) for one in patients]
        return _looked_up(given), [[key ^ term for key in keys.values() for term in terms], resource_type]
    return _gone_through(tenant, resource_type, keys, patients, given)


def _looked_up(given: Arguments) -> ColumnElement[bool]:
    wanted = func.unnest(given.next(NUMBERS)).table_valued("term").render_derived("wanted")
    origin = resource.alias("origin")
    # OFFSET 0 keeps the other conditions out of the look-up, which PostgreSQL would else make by two indexes each time.
    refers = (
        select(origin.c.rid, origin.c.tenant, origin.c.resource_type)
        .where(origin.c.terms.contains(array([wanted.c.term])))
        .offset(literal_column("0"))
        .lateral("refers")
    )
    here = (refers.c.tenant == given.tenant, refers.c.resource_type == given.next(TEXT))
    return resource.c.rid.in_(
        select(refers.c.rid).select_from(wanted.join(refers, literal_column("true"))).where(*here)
    )


def _gone_through(
    tenant: int, resource_type: str, keys: dict[str, int], patients: tuple[str, ...] | None, given: Arguments
) -> tuple[ColumnElement[bool], list[Any]]:
    """One pass over the type, in which what it refers to is compared with all the patients at once."""
    arguments: list[Any] = []
    conditions: list[ColumnElement[bool]] = []
    compared: list[Select[Any]] = []
    members = _patients(patients, given)
    if patients is not None:
        arguments.append([reference_hash("Patient", one) for one in patients])
    for code, key in keys.items():
        present = key ^ form_hash(PRESENT)
        if patients is None and set(reference_targets(resource_type, code)) == {"Patient"}:
            conditions.append(resource.c.terms.contains(given.next(NUMBERS)))
            arguments.append([present])
            continue
        origin = given.alias(resource, "origin")
        term = func.unnest(origin.c.terms).column_valued(given.name("term"))
        named = (
            origin.c.tenant == given.tenant,
            origin.c.resource_type == given.next(TEXT),
            origin.c.deleted.is_(false()),
            origin.c.terms.contains(given.next(NUMBERS)),
            members.c.self_term == term.op("#")(given.next(NUMBER)),
        )
        arguments += [resource_type, [present], key]
        compared.append(select(origin.c.rid).where(and_(*named)))
    if compared:
        conditions.append(resource.c.rid.in_(union_all(*compared)))
    return or_(false(), *conditions), arguments


def _patients(patients: tuple[str, ...] | None, given: Arguments) -> CTE:
    if patients is not None:
        return select(func.unnest(given.next(NUMBERS)).label("self_term")).cte("patients")
    one = resource.alias("patient")
    here = (
        one.c.tenant == given.tenant,
        one.c.resource_type == literal_column("'Patient'"),
        one.c.deleted.is_(false()),
    )
    return select(one.c.self_term).where(*here).cte("patients")
