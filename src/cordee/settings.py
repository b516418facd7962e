"""The settings: environment variables `CORDEE_*`, each overridden by the command line's option of the same name."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set; `CORDEE_` before the upper-cased name."""

    model_config = SettingsConfigDict(env_prefix="CORDEE_", extra="ignore")

    data_dir: Path = Field(Path("cordee-data"), description="Where the embedded PostgreSQL keeps its data.")
    database_url: str | None = Field(
        None,
        description="postgresql://… of a server to use instead of the embedded one (PostgreSQL 15 or later).",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Server processes.")
    base_url: str | None = Field(
        None,
        description="Public address before /fhir, when a proxy stands in front; otherwise the Host header's.",
    )
    max_body_bytes: int = Field(20_000_000, ge=1_000, description="Larger request bodies are refused (413).")
    max_bundle_entries: int = Field(10_000, ge=1, description="Longer bundles are refused.")
    default_page_size: int = Field(50, ge=1, le=1000, description="Resources a page when _count is not given.")
    max_page_size: int = Field(1000, ge=1, le=10_000, description="_count above this is lowered to it.")
    explain_searches: bool = Field(
        False, description="_explain=true shows the SQL of a search and its plan, to whoever may search."
    )
    database_connections: int = Field(8, ge=1, le=200, description="Connections a worker, for each of its two pools.")
    statement_timeout_seconds: int = Field(60, ge=1, description="A search running longer is ended (503).")
    cors_origins: list[str] = Field(default_factory=list, description="Web origins allowed to call, as a JSON list.")
    conditional_delete: Literal["single", "multiple"] = Field(
        "single", description="Whether a conditional delete may delete several resources, or is refused (412)."
    )
    dangling_references: Literal["accept", "refuse"] = Field(
        "accept", description="Whether a reference to what is not stored here is accepted over HTTP, or refused (422)."
    )
    delete_referred: Literal["allow", "refuse", "cascade"] = Field(
        "allow",
        description="Whether what is referred to may be deleted, or is refused (409); cascade: refused unless "
        "_cascade=delete asks to delete what refers to it too.",
    )
    background: bool = Field(
        True, description="Whether this server also does what runs in the background: exports, imports, indexing."
    )
    jobs_at_once: int = Field(2, ge=1, le=16, description="Background jobs run side by side.")
    job_retention_hours: int = Field(24, ge=1, description="How long the results of a job are kept once it has ended.")
    log_level: str = Field("info", description="debug, info, warning or error.")
