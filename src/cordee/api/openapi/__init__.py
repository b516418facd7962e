"""The OpenAPI description, made from the tables that the requests are routed by."""

from cordee.api.openapi.document import SUMMARY, TITLE, describe

__all__ = ["SUMMARY", "TITLE", "describe"]
