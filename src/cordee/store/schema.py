"""The tables, as SQLAlchemy Core: what the migrations create and what composed queries name.

Every key starts with the tenant, so that the schema partitions and distributes without a redesign. No extension is
needed. The layout of the index was chosen by measurement: docs/decisions/0002-index-layout.md.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

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
    Column("profiles", _code, nullable=False, server_default=text("'off'")),
    Column("search_edition", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("profiles IN ('off', 'warn', 'enforce')", name="known_profile_policy"),
    Column("conditional_delete", _code),
    CheckConstraint("conditional_delete IN ('single', 'multiple')", name="known_conditional_delete"),
    Column("dangling_references", _code),
    CheckConstraint("dangling_references IN ('accept', 'refuse')", name="known_dangling_references"),
    Column("delete_referred", _code),
    CheckConstraint("delete_referred IN ('allow', 'refuse', 'cascade')", name="known_delete_referred"),
)
"""`search_edition` changes whenever the tenant's own search parameters do."""

search_parameter = Table(
    "search_parameter",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("id", _code, nullable=False),
    Column("definition", Text, nullable=False),
    Column("state", _code, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    CheckConstraint("state IN ('indexing', 'ready', 'dropped')", name="known_search_parameter_state"),
)
"""What a tenant's active SearchParameters come to; `types` are those whose index may hold values of it."""

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
    Index("resource_by_rid", "tenant", "resource_type", "rid", unique=True, postgresql_include=["deleted"]),
    Index("resource_by_type_and_time", "tenant", "resource_type", "last_updated", "rid"),
    Index("resource_by_time", "tenant", "last_updated", "rid"),
    Index("resource_by_self_term", "tenant", "self_term"),
    Index("resource_by_terms", "terms", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 64}),
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

word_value = Table(
    "word_value",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("word_value_by_rid", "tenant", "rid"),
    Index("word_value_by_words", "words", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 512}),
)
"""The words of resources, where a tenant wants them searched; one row a resource (`word_index`)."""

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("structure", _code, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "structure"),
)
"""The end of each structure's chain, which only goes forward; who appends holds its lock, so numbers have no gap."""

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("structure", _code, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("recorded_at", _moment, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("event", _code, nullable=False),
    Column("key", _code, nullable=False),
    Column("label", Text, nullable=False),
    Column("claim", _code),
    Column("evidence", _code, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "structure", "number"),
    UniqueConstraint("tenant", "structure", "key"),
    Index(
        "ledger_entry_by_claim", "tenant", "claim", "structure", "number", postgresql_where=text("claim IS NOT NULL")
    ),
)
"""Triggers keep it append only, refuse an entry that is not balanced when it is committed, and gaps.

`evidence` is versioned references, a space between them; `lines` is how many lines the entry has.
"""

ledger_line = Table(
    "ledger_line",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("structure", _code, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", _code, nullable=False),
    Column("payee", _code),
    Column("liable", _code),
    Column("debit", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "structure", "number", "line"),
    CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0)", name="debit_or_credit"),
    Index("ledger_line_by_payee", "tenant", "payee", "structure", "number", postgresql_where=text("payee IS NOT NULL")),
)
"""The lines of the entries, in cents; triggers refuse those of no entry, and keep them as they were booked."""

concept_generation = Sequence("concept_generation", metadata=metadata)
"""One number for each time the concepts of a code system are put into the table; it also begins their identities."""

indexed_code_system = Table(
    "indexed_code_system",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "rid"),
)
"""Which generation of concepts stands for which version of a CodeSystem."""

code_system_concept = Table(
    "code_system_concept",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("rid", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("concept", BigInteger, nullable=False),
    Column("code", _code, nullable=False),
    Column("folded", _code, nullable=False),
    Column("display", Text),
    Column("searched", _code, nullable=False),
    Column("inactive", Boolean, nullable=False),
    Column("abstract", Boolean, nullable=False),
    Column("parents", ARRAY(BigInteger), nullable=False),
    Column("ancestors", ARRAY(BigInteger), nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "generation", "concept"),
    UniqueConstraint("tenant", "generation", "folded"),
    Index("code_system_concept_by_rid", "tenant", "rid", "generation"),
    Index("code_system_concept_by_ancestor", "ancestors", postgresql_using="gin"),
)
"""The concepts of the code systems in use, one a row, each with all that it is under.

`folded` is the code as its system compares it; `searched` is what a filter looks at. A generation is replaced by the
next and kept until the one after, for those who are still reading it.
"""

job = Table(
    "job",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("id", _code, nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("kind", _code, nullable=False),
    Column("request", Text, nullable=False),
    Column("payload", LargeBinary),
    Column("state", _code, nullable=False),
    Column("cancelling", Boolean, nullable=False, server_default=text("false")),
    Column("progress", Text, nullable=False),
    Column("position", Text),
    Column("result", Text),
    Column("fault_status", Integer),
    Column("fault", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("fruitless", Integer, nullable=False, server_default=text("0")),
    Column("asked", _moment, nullable=False),
    Column("started", _moment),
    Column("ended", _moment),
    Column("expires", _moment),
    PrimaryKeyConstraint("tenant", "id"),
    CheckConstraint("state IN ('accepted', 'running', 'completed', 'failed')", name="known_job_state"),
    Index("job_by_number", "number", unique=True),
    Index("job_under_way", "number", postgresql_where=text("state IN ('accepted', 'running')")),
    Index("job_by_expiry", "expires", postgresql_where=text("expires IS NOT NULL")),
)
"""Work that outlives the request that asked for it; `cordee.store.jobs` says what the columns mean.

`attempts` grows each time a process takes the job up: it is what tells one that was thought dead that it has lost it.
`fruitless` counts the attempts since its position last moved.
"""
subscribed_type = Table(
    "subscribed_type",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("resource_type", _code, nullable=False),
    PrimaryKeyConstraint("tenant", "resource_type"),
)
"""The types that some subscription is about: what is written of them is put into `change_event`.

Tenant 0 stands for all of them, with the type Subscription.
"""

change_event = Table(
    "change_event",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("resource_type", _code, nullable=False),
    Column("id", _code, nullable=False),
    Column("version", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    PrimaryKeyConstraint("tenant", "number"),
)
"""Versions written of the subscribed types, and of every Subscription, until they are dispatched.

Of two versions of a resource the later has the higher number, and is never seen without the other.
"""

subscription = Table(
    "subscription",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("id", _code, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", _code, nullable=False),
    Column("resource_type", _code),
    Column("events", BigInteger, nullable=False, server_default=text("0")),
    Column("delivered", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt", _moment),
    Column("error", Text),
    Column("notified", _moment),
    CheckConstraint("status IN ('requested', 'active', 'error', 'off')", name="known_subscription_status"),
    PrimaryKeyConstraint("tenant", "id"),
)
"""What became of each Subscription: the version taken up, the last event that has a number, the last delivered."""

subscription_event = Table(
    "subscription_event",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("subscription", _code, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("resource_type", _code, nullable=False),
    Column("id", _code, nullable=False),
    Column("version", Integer, nullable=False),
    Column("moment", _moment, nullable=False),
    Column("recorded", _moment, nullable=False, server_default=func.now()),
    Column("discarded", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("tenant", "subscription", "number"),
)
"""The events of each subscription, numbered in the order they are delivered in, kept a while after that."""

websocket_token = Table(
    "websocket_token",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("subscriptions", ARRAY(Text), nullable=False),
    Column("expires", _moment, nullable=False),
    PrimaryKeyConstraint("tenant", "hash"),
)
"""The tokens that a client may bind a websocket with; only their digests are kept."""

import_piece = Table(
    "import_piece",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("job", _code, nullable=False),
    Column("file", Integer, nullable=False),
    Column("piece", Integer, nullable=False),
    Column("effects", Text, nullable=False),
    Column("errors", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "job", "file", "piece"),
    ForeignKeyConstraint(["tenant", "job"], ["job.tenant", "job.id"], ondelete="CASCADE"),
)
"""What an import has stored beyond its job's position: a row comes with the resources of the piece, or not at all."""
