"""Exporting: what a tenant holds at one moment, as files of NDJSON; resumed where it was when killed."""

from cordee.store.bulk_export.order import ExportOrder
from cordee.store.bulk_export.work import KIND, Plan, export_files

__all__ = ["KIND", "ExportOrder", "Plan", "export_files"]
