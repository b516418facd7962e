"""Loading: documents of FHIR JSON (a resource, or a Bundle of any type) stored in quantity, each refusal on its own.

Every door that takes in more than one request's worth comes through here; the writing itself is `cordee.store.write`.
"""

from cordee.store.loading.bulk_write import Placed, store_many
from cordee.store.loading.contents import Content, Document, bundle_contents, peek
from cordee.store.loading.loader import CHUNK_BYTES, CHUNK_RESOURCES, Loader
from cordee.store.loading.outcome import Outcome, Refusal

__all__ = [
    "CHUNK_BYTES",
    "CHUNK_RESOURCES",
    "Content",
    "Document",
    "Loader",
    "Outcome",
    "Placed",
    "Refusal",
    "bundle_contents",
    "peek",
    "store_many",
]
