"""Real servers for the tests: MariaDB, Redis and OpenSSH, private to this process.

Each keeps its files in a temporary folder, listens only on a free loopback port, and runs as the
user who runs the tests, root or not. `with MariaDB() as server:` starts and stops one.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

# Daemons are in folders that an ordinary user's PATH lacks.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])

# The kernel stops the server when this process is gone, however it ended.
DIES_WITH_US = ["setpriv", "--pdeathsig", "TERM"]


def program(*names: str) -> str:
    """The full path of the first of these programs that is installed."""
    for name in names:
        if found := shutil.which(name, path=PATH):
            return found
    raise FileNotFoundError(f"{' or '.join(names)} is not installed: tests/install_packages.sh")


def user_name() -> str:
    """The current user, by uid: the environment's USER may be missing or wrong."""
    return pwd.getpwuid(os.geteuid()).pw_name


def free_port() -> int:
    """A loopback port that is free at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return as soon as the condition holds. Raises TimeoutError, naming `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds} s")
        time.sleep(0.05)


def answers(
    port: int, greeting: bytes = b"", said: bytes = b"", address: str = "127.0.0.1"
) -> bool:
    """True if a server there accepts a connection and starts with `greeting`."""
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(said)
            return connection.recv(len(greeting)) == greeting if greeting else True
    except OSError:
        return False


class PrivateServer:
    """A daemon with its own folder and port; `stop` and `start` keep both, and the data."""

    name = "server"
    greeting = b""
    said = b""
    address = "127.0.0.1"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"infraops-{self.name}-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.prepare()

    def prepare(self) -> None:
        """Write the files that it needs, once."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> Self:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*DIES_WITH_US, *self.command()],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._is_up, seconds=60, what=f"{self.name} on port {self.port}")
        except BaseException:
            print((self.folder / "log").read_text(errors="replace")[-4000:])
            self.stop()
            raise
        return self

    def _is_up(self) -> bool:
        self._must_run()
        return answers(self.port, self.greeting, self.said, self.address)

    def _must_run(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at once with {self.process.returncode}")

    def stop(self) -> None:
        """Stop it gracefully, or by force after 30 s. The data stays."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class MariaDB(PrivateServer):
    """MariaDB, as badly configured as possible: latin1, lenient, in a time zone other than UTC.

    The application has to set what it needs. The user has all rights on `infraops` and on databases
    whose names start with test_, and no others.
    """

    name = "mariadb"
    user = password = database = "infraops"

    @property
    def url(self) -> str:
        return f"mysql://{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    @property
    def _data(self) -> str:
        return f"--datadir={self.folder / 'data'}"

    @property
    def _as_user(self) -> str:
        # MariaDB wants to be told if it runs as root; test data needs no account of its own.
        return f"--user={user_name()}"

    def prepare(self) -> None:
        install = program("mariadb-install-db", "mysql_install_db")
        options = ["--no-defaults", self._data, self._as_user, "--skip-test-db"]
        subprocess.run(
            [install, *options, "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )
        # A fresh installation has an anonymous user that shadows all others at localhost.
        (self.folder / "first.sql").write_text(
            # One statement per line, as the server reads this file.
            "DELETE FROM mysql.global_priv WHERE User = '';\n"
            "FLUSH PRIVILEGES;\n"
            f"CREATE DATABASE IF NOT EXISTS {self.database};\n"
            f"CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON `{self.database}`.* TO '{self.user}'@'%';\n"
            f"GRANT ALL ON `test\\_%`.* TO '{self.user}'@'%';\n"
        )

    def command(self) -> list[str]:
        return [
            program("mariadbd", "mysqld"),
            "--no-defaults",
            self._data,
            self._as_user,
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={self.folder / 'first.sql'}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--default-time-zone=+05:00",
            "--character-set-server=latin1",
            "--collation-server=latin1_swedish_ci",
            "--sql-mode=",
            # Test data need not survive a power cut.
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
            "--innodb-buffer-pool-size=128M",
            "--innodb-log-file-size=64M",
            "--max-connections=200",
        ]

    def as_root(self, sql: str) -> None:
        """Execute SQL as the server's own root, for what the suite's user may not do."""
        client = [
            program("mariadb", "mysql"),
            "--no-defaults",
            f"--socket={self.folder / 'socket'}",
        ]
        subprocess.run([*client, "-uroot", "-e", sql], check=True, capture_output=True)

    def _is_up(self) -> bool:
        # Only a query proves it, and a bare connection would count against the client's address.
        self._must_run()
        client = program("mariadb", "mysql")
        where = ["--no-defaults", "--protocol=tcp", "-h127.0.0.1", f"-P{self.port}"]
        who = [f"-u{self.user}", f"-p{self.password}", self.database]
        asked = subprocess.run([client, *where, *who, "-e", "SELECT 1"], capture_output=True)
        return asked.returncode == 0


class Redis(PrivateServer):
    name = "redis"
    said = b"PING\r\n"
    greeting = b"+PONG"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        listening = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [program("redis-server"), *listening, "--save", "", "--appendonly", "no"]


class SSHServer(PrivateServer):
    """OpenSSH that accepts the user who runs the tests, with one generated key and nothing else.

    For users other than root, /dev/pts has to belong to the group tty (gid=5), as systemd mounts
    it; otherwise sshd would try to change the owner of its terminals, and fail.
    """

    name = "sshd"
    greeting = b"SSH-2.0"
    passwords = "no"

    @property
    def user(self) -> str:
        return user_name()

    @property
    def key_file(self) -> Path:
        """The private key that it accepts, mode 0600."""
        return self.folder / "user_key"

    @property
    def host_key(self) -> str:
        """Its public host key, `ssh-ed25519 AAAA…`, as stored in a server's row."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def prepare(self) -> None:
        for name in ("host_key", "user_key"):
            generate_key(self.folder / name)
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")
        (self.folder / "config").write_text(
            f"ListenAddress {self.address}\nPort {self.port}\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\n"
            f"PubkeyAuthentication yes\nPasswordAuthentication {self.passwords}\nUsePAM no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            # Its folder is below /tmp, which is writable for others.
            "StrictModes no\nMaxStartups 100\nMaxSessions 100\nUseDNS no\n"
            "PrintMotd no\nSubsystem sftp internal-sftp\n"
        )
        if os.geteuid() == 0:
            # For sshd's unprivileged process; the service would have created it.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def command(self) -> list[str]:
        return [program("sshd"), "-D", "-e", "-f", str(self.folder / "config")]


class PasswordSSHServer(SSHServer):
    """OpenSSH that also accepts passwords. Only root's sshd can check passwords."""

    name = "sshd-passwords"
    passwords = "yes"


class SixSSHServer(SSHServer):
    """OpenSSH that listens on ::1 only."""

    name = "sshd-six"
    address = "::1"


class Account:
    """A temporary system account with a known password. Only root can create one."""

    def __init__(self, password: str) -> None:
        self.name = f"io{secrets.token_hex(4)}"
        self.password = password

    def __enter__(self) -> Self:
        useradd = [program("useradd"), "--create-home", "--shell", "/bin/sh", self.name]
        subprocess.run(useradd, check=True, capture_output=True)
        try:
            said = f"{self.name}:{self.password}\n".encode()
            subprocess.run([program("chpasswd")], input=said, check=True, capture_output=True)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        self._remove()

    def _remove(self) -> None:
        # Ansible's connections may still be closing: --force removes the account anyway.
        userdel = [program("userdel"), "--force", "--remove", self.name]
        subprocess.run(userdel, capture_output=True)


def generate_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> str:
    """A new key pair at `path` and `path`.pub. Returns the public half."""
    keygen = [program("ssh-keygen"), "-q", "-t", kind, "-N", passphrase, "-C", "test"]
    subprocess.run([*keygen, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
    return path.with_name(f"{path.name}.pub").read_text().strip()
