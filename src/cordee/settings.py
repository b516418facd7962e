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
        True,
        description="Whether this server also does what runs in the background: exports, imports, indexing, "
        "subscriptions.",
    )
    jobs_at_once: int = Field(2, ge=1, le=16, description="Background jobs run side by side.")
    job_retention_hours: int = Field(24, ge=1, description="How long the results of a job are kept once it has ended.")
    subscription_endpoints: list[str] = Field(
        default_factory=list,
        description="Hosts that subscriptions may send to, as a JSON list of host, host:port or *.domain; those may be "
        "private ones. When there are none: any public host.",
    )
    subscription_attempts: int = Field(
        12, ge=1, le=100, description="Failed deliveries of an event before its subscription stops, in error."
    )
    subscription_first_retry_seconds: float = Field(
        1.0, ge=0.01, le=3600, description="The pause after the first failure; it doubles with each one more."
    )
    subscription_longest_retry_seconds: float = Field(3600.0, ge=0.01, description="The longest such pause.")
    subscription_timeout_seconds: float = Field(
        20.0, gt=0, le=300, description="A receiver that takes longer has failed; a subscription may say less."
    )
    subscription_events_kept_days: float = Field(
        7.0, gt=0, description="How long $events gives what was delivered. What was not is kept."
    )
    smtp_host: str | None = Field(None, description="The mail server that e-mail subscriptions go through.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to it is encrypted: none is for a server on this machine."
    )
    smtp_user: str | None = Field(None, description="Who logs in there, if anybody.")
    smtp_password: str | None = Field(None, repr=False, description="With which password.")
    smtp_sender: str = Field("cordee@localhost", description="The address that mails come from.")
    smtp_resources: bool = Field(
        False, description="Whether mails may carry whole resources, which are personal data, to who subscribes so."
    )
    import_folder: Path | None = Field(
        None, description="The folder whose files $import may read, by file: addresses; none when it is not set."
    )
    import_hosts: list[str] = Field(
        default_factory=list, description="Hosts that $import may fetch from, by https: addresses; a JSON list."
    )
    import_processes: int = Field(2, ge=1, le=64, description="Processes that an import computes in.")
    max_import_bytes: int = Field(
        10_000_000_000, ge=1_000, description="A larger file of NDJSON that is posted to $import is refused (413)."
    )
    log_level: str = Field("info", description="debug, info, warning or error.")

    @property
    def own_url(self) -> str:
        """The address of this server, without a slash at the end, for what is sent without being asked for."""
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
