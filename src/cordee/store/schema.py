"""The tables, as SQLAlchemy Core: what the migrations create and what composed queries name.

Every key starts with the tenant, so that the schema partitions and distributes without a redesign. No extension is
needed. The layout of the index was chosen by measurement: docs/decisions/0002-index-layout.md.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

INDEXED_BEGINNING = 256
"""How many characters of a string are in its b-tree index."""

_code = Text(collation="C")
_moment = DateTime(timezone=True)

transaction_number = Sequence("transaction_number", metadata=metadata)
"""One number a write transaction; every version carries the number of the transaction that wrote it."""

resource_rid = Sequence("resource_rid", increment=1000, metadata=metadata)
"""Row identities, handed to each process a thousand at a time so that index rows can be built before the insert."""

tenant = Table(
    "tenant",
    metadata,
    Column("tenant", Integer, Identity(always=True), primary_key=True),
    Column("name", _code, nullable=False, unique=True),
    Column("created", _moment, nullable=False, server_default=text("now()")),
)

resource = Table(
    "resource",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("resource_type", _code, nullable=False),
    Column("id", _code, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("txn", BigInteger, nullable=False),
    Column("created_txn", BigInteger, nullable=False),
    Column("last_updated", _moment, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("method", _code, nullable=False),
    Column("self_term", BigInteger, nullable=False),
    Column("terms", ARRAY(BigInteger), nullable=False),
    Column("body", Text, nullable=False),
    Column("sealed", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("tenant", "resource_type", "id"),
    Index("resource_by_rid", "tenant", "resource_type", "rid", unique=True),
    Index("resource_by_type_and_time", "tenant", "resource_type", "last_updated", "rid"),
    Index("resource_by_time", "tenant", "last_updated", "rid"),
    Index("resource_by_terms", "terms", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 512}),
)
"""The current version of every resource. A deleted one stays, without body and without index values.

Triggers refuse to change a row that is sealed, and its history; the migrations make them.
"""

resource_history = Table(
    "resource_history",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("resource_type", _code, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("id", _code, nullable=False),
    Column("version", Integer, nullable=False),
    Column("txn", BigInteger, nullable=False),
    Column("last_updated", _moment, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("method", _code, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "rid", "version"),
    Index("history_by_type_and_time", "tenant", "resource_type", "last_updated", "rid"),
    Index("history_by_time", "tenant", "last_updated", "rid"),
)
"""The versions that are no longer current: each body is stored once, here or in `resource`."""

date_value = Table(
    "date_value",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Index("date_value_by_rid", "tenant", "rid", "key", "low", "high"),
    Index("date_value_by_low", "tenant", "key", "low", "rid"),
    Index("date_value_by_high", "tenant", "key", "high", "rid"),
)
"""Dates as half-open ranges of instants, in microseconds since 1970 UTC; an open end is the bound of bigint."""

number_value = Table(
    "number_value",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("low", Numeric, nullable=False),
    Column("high", Numeric, nullable=False),
    Column("units", ARRAY(BigInteger), nullable=False),
    Index("number_value_by_rid", "tenant", "rid", "key", "low"),
    Index("number_value_by_low", "tenant", "key", "low", "rid"),
    Index("number_value_by_high", "tenant", "key", "high", "rid"),
)
"""Numbers and quantities as closed ranges; `units` holds the hashes of each way to name the unit."""

string_value = Table(
    "string_value",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("value", _code, nullable=False),
    Column("grams", ARRAY(BigInteger), nullable=False),
    Index("string_value_by_rid", "tenant", "rid", "key"),
    Index(
        "string_value_by_grams",
        "grams",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    ),
)
"""Strings without case nor accents; `grams` are the hashed n-grams of `value`, for :contains."""

string_beginning = func.left(string_value.c.value, text(str(INDEXED_BEGINNING)))
"""What the b-tree holds of a string: an entry must stay under 2.7 kB."""
Index(
    "string_value_by_beginning",
    string_value.c.tenant,
    string_value.c.key,
    string_beginning,
    string_value.c.rid,
)
