"""An operation as data: where it is asked for, what it takes and gives, what carries it out (R4 operations.html)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cordee.api.operations.arguments import COMPLEX, Arguments, Input
from cordee.api.response import FhirResponse
from cordee.settings import Settings
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.tenant_policies import WritePolicies

ANY_TYPE = "Resource"

Level = Literal["system", "type", "instance"]


@dataclass(frozen=True, slots=True)
class Output:
    """A parameter answered: `type` is a FHIR type, empty for one that has parts."""

    name: str
    type: str
    documentation: str
    min: int = 0
    max: int | None = 1
    parts: tuple["Output", ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of an operation. `type` and `id` are those of its address, empty where it has none.

    `cursor` is the position in the link to the page asked for, None for the first one; `posted` the JSON of the body;
    `policies` what the server's settings say of writes, for tenants that don't; `lenient` to leave out what isn't
    known, `later` to answer later; `url` the whole address.
    """

    id: str
    arguments: Arguments
    base_url: str
    type: str = ""
    cursor: str | None = None
    posted: bytes = b""
    policies: WritePolicies = field(default_factory=WritePolicies)
    lenient: bool = False
    later: bool = False
    url: str = ""
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class OwnBody:
    """A body that is not Parameters, of a media type: `read` gives the texts of inputs, or None where it is not one."""

    media_type: str
    read: Callable[[bytes], Mapping[str, str] | None]
    example: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """`code` is the name without `$`; `resource` the type it is about, `Resource` for any, None at system level.

    It has `read`, which leaves everything as it was, or `write`, or both: then it reads when asked by GET, and may
    write when POSTed. An operation that can't read is only POSTed; another is also a GET, with those of its inputs that
    are simple (R4 operations.html#executing).
    `example` is a Parameters resource that asks for it.
    """

    code: str
    resource: str | None
    levels: tuple[Level, ...]
    title: str
    description: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    example: Mapping[str, Any]
    read: Callable[[Reader, Asked], Awaitable[FhirResponse]] | None = None
    write: Callable[[Repository, Asked], Awaitable[FhirResponse]] | None = None
    file_type: str | None = None
    """The media type of the file that is answered, when it is not a resource."""
    is_job: bool = False
    """Whether it is always carried out in the background: then it answers 202 itself, and is no entry of a Bundle."""
    own_bodies: tuple[OwnBody, ...] = ()
    """Beside Parameters."""
    write_posted: Callable[[Repository, Asked, AsyncIterator[bytes]], Awaitable[FhirResponse]] | None = None
    """Carries it out on a body that is NDJSON itself, the inputs named in `posted_inputs` in the address."""
    posted_inputs: tuple[str, ...] = ()
    id: str = ""
    """Of its OperationDefinition; the code, unless operations share it."""
    searches: str = ""
    """The type it makes a search of: parameters that it doesn't declare (`Arguments.others`) are the criteria."""
    base: str | None = None
    """The canonical of the OperationDefinition of a guide that it carries out."""

    def __post_init__(self) -> None:
        if self.read is None and self.write is None:
            raise ValueError(f"{self.name} must read or write")
        object.__setattr__(self, "id", self.id or self.code)

    @property
    def name(self) -> str:
        """As it stands in an address."""
        return f"${self.code}"

    @property
    def simple_inputs(self) -> tuple[Input, ...]:
        """The inputs that may stand in an address."""
        return tuple(parameter for parameter in self.inputs if not (parameter.type in COMPLEX or parameter.parts))

    @property
    def resource_input(self) -> Input | None:
        """The input that is the resource asked about, which may be POSTed bare, the simple ones in the address."""
        return next(
            (parameter for parameter in self.inputs if parameter.name in ("resource", "input") and not parameter.parts),
            None,
        )

    @property
    def affects_state(self) -> bool:
        """Whether it may change something."""
        return self.write is not None

    @property
    def shapes(self) -> tuple[str, ...]:
        """The addresses it is asked for at, as the keys of the table of addresses."""
        type_ = "{type}" if self.resource == ANY_TYPE else self.resource
        before = {"system": "", "type": f"{type_}/", "instance": f"{type_}/{{id}}/"}
        return tuple(before[level] + self.name for level in self.levels)

    def methods_at(self, shape: str) -> tuple[str, ...]:
        """The methods it may be asked with at one of its addresses.

        A resource can't stand in a query: where the address names none, it is POSTed.
        """
        needs_body = self.read is None or (self.resource_input is not None and "{id}" not in shape)
        return ("POST",) if needs_body else ("GET", "POST")
