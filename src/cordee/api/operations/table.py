"""The operations that are served; addresses, `/metadata`, the API's description and OperationDefinitions follow it."""

from collections.abc import Mapping
from types import MappingProxyType

from cordee.api.operations.auditing import EXPLAIN, PROOF
from cordee.api.operations.billing import BILL
from cordee.api.operations.code_validation import VALIDATE_IN_SYSTEM, VALIDATE_IN_VALUE_SET
from cordee.api.operations.converting import CONVERT
from cordee.api.operations.correcting import CORRECT
from cordee.api.operations.definition import Operation
from cordee.api.operations.documenting import DOCUMENT
from cordee.api.operations.eligibility import ELIGIBILITY
from cordee.api.operations.everything import CARE_PLAN_EVERYTHING, ENCOUNTER_EVERYTHING, PATIENT_EVERYTHING
from cordee.api.operations.expansion import EXPAND
from cordee.api.operations.exporting import EXPORT, EXPORT_GROUP, EXPORT_PATIENTS
from cordee.api.operations.forecasting import FORECAST
from cordee.api.operations.graphql import GRAPHQL, GRAPHQL_OF_RESOURCE
from cordee.api.operations.importing import IMPORT
from cordee.api.operations.labelling import META, META_ADD, META_DELETE
from cordee.api.operations.latest import LASTN
from cordee.api.operations.look_up import LOOKUP, SUBSUMES
from cordee.api.operations.matching import MATCH
from cordee.api.operations.preferred_id import PREFERRED_ID
from cordee.api.operations.settling import SETTLE
from cordee.api.operations.statistics import STATS
from cordee.api.operations.submitting import SUBMIT_MANY, SUBMIT_ONE
from cordee.api.operations.subscription_dead_letters import DEAD_LETTERS, DISCARD, RETRY
from cordee.api.operations.subscription_queries import BINDING_TOKEN, EVENTS, STATUS
from cordee.api.operations.translation import TRANSLATE
from cordee.api.operations.validating import VALIDATE

OPERATIONS: tuple[Operation, ...] = (
    SETTLE,
    ELIGIBILITY,
    BILL,
    FORECAST,
    SUBMIT_ONE,
    SUBMIT_MANY,
    CORRECT,
    EXPLAIN,
    PROOF,
    PATIENT_EVERYTHING,
    ENCOUNTER_EVERYTHING,
    CARE_PLAN_EVERYTHING,
    LOOKUP,
    SUBSUMES,
    VALIDATE_IN_SYSTEM,
    EXPAND,
    VALIDATE_IN_VALUE_SET,
    TRANSLATE,
    PREFERRED_ID,
    VALIDATE,
    MATCH,
    LASTN,
    STATS,
    CONVERT,
    DOCUMENT,
    GRAPHQL,
    GRAPHQL_OF_RESOURCE,
    META,
    META_ADD,
    META_DELETE,
    STATUS,
    EVENTS,
    BINDING_TOKEN,
    DEAD_LETTERS,
    RETRY,
    DISCARD,
    EXPORT,
    EXPORT_PATIENTS,
    EXPORT_GROUP,
    IMPORT,
)

OPERATIONS_BY_SHAPE: Mapping[str, Operation] = MappingProxyType(
    {shape: operation for operation in OPERATIONS for shape in operation.shapes}
)
"""By the shape of an address: `$bill`, `Claim/$submit`, `CarePlan/{id}/$settle`."""


def operation_at(shape: str) -> Operation:
    """The operation at an address; KeyError when there is none."""
    return OPERATIONS_BY_SHAPE[shape]


def file_type_at(shape: str) -> str | None:
    """The media type of the file that is answered at an address, None when it is a resource."""
    operation = OPERATIONS_BY_SHAPE.get(shape)
    return None if operation is None else operation.file_type
