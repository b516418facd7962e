"""Importing: files of NDJSON, a resource a line, stored by several processes; resumed where they were when killed."""

from cordee.store.bulk_import.order import ImportInput, ImportOrder, Mode
from cordee.store.bulk_import.sources import ImportPolicy
from cordee.store.bulk_import.work import KIND, import_files

__all__ = ["KIND", "ImportInput", "ImportOrder", "ImportPolicy", "Mode", "import_files"]
