"""PATCH (R4 http.html#patch): JSON Patch and FHIRPath Patch, as functions from a resource's text to the next one's."""

from cordee.fhir.patch.fhirpath_patch import fhirpath_patched
from cordee.fhir.patch.json_patch import json_patched
from cordee.fhir.patch.patch import Patch, PatchKind, accept_patched, patch_in_entry, patch_said_to_be
from cordee.fhir.patch.refusals import InvalidPatch, PatchNotApplicable

__all__ = [
    "InvalidPatch",
    "Patch",
    "PatchKind",
    "PatchNotApplicable",
    "accept_patched",
    "fhirpath_patched",
    "json_patched",
    "patch_in_entry",
    "patch_said_to_be",
]
